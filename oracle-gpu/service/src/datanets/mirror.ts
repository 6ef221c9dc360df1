import { eq } from 'drizzle-orm';
import type { ChainEvent } from '../chain/events.ts';
import type { Transaction } from '../db/open.ts';
import { contributions, versions } from '../db/schema.ts';

/** Keeps contributions and versions as the chain tells them. May be repeated. */
export async function mirrorDatanets(tx: Transaction, event: ChainEvent): Promise<void> {
  const { eventName, args } = event;
  const set = (contributionId: number, values: Partial<typeof contributions.$inferInsert>) =>
    tx.update(contributions).set(values).where(eq(contributions.contributionId, contributionId));
  switch (eventName) {
    case 'ContributionCommitted': {
      const { contributionId, datanetId, contributor } = args;
      await tx
        .insert(contributions)
        .values({ contributionId, datanetId, contributor: contributor.toLowerCase(), status: 'committed', records: 0 })
        .onConflictDoNothing();
      break;
    }
    case 'ContributionRevealed':
      await set(args.contributionId, { status: 'revealed', cid: args.cid, recordsRoot: args.recordsRoot, records: args.records });
      break;
    case 'ContributionAccepted':
      await set(args.contributionId, {
        status: 'accepted',
        reviewer: args.reviewer.toLowerCase(),
        acceptedBlock: Number(event.blockNumber),
        acceptedLogIndex: event.logIndex,
      });
      break;
    case 'ContributionRejected':
      await set(args.contributionId, { status: 'rejected', reviewer: args.reviewer.toLowerCase() });
      break;
    case 'ContributionWithdrawn':
      await set(args.contributionId, { status: 'withdrawn' });
      break;
    case 'ContributionRevoked':
      await set(args.contributionId, {
        status: 'revoked',
        revokedBlock: Number(event.blockNumber),
        revokedLogIndex: event.logIndex,
      });
      break;
    case 'VersionPublished': {
      const { datanetId, version, root } = args;
      await tx
        .insert(versions)
        .values({ datanetId, version, root, blockNumber: Number(event.blockNumber), logIndex: event.logIndex })
        .onConflictDoNothing();
      break;
    }
  }
}
