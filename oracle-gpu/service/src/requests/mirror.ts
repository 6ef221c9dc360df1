import { eq } from 'drizzle-orm';
import type { ChainEvent } from '../chain/events.ts';
import type { Transaction } from '../db/open.ts';
import { inferenceRequests } from '../db/schema.ts';

/** Keeps what was asked on chain, until it is refunded. May be repeated. */
export async function mirrorRequests(tx: Transaction, { eventName, args }: ChainEvent): Promise<void> {
  if (eventName === 'RequestOpened') {
    const { requester, releaseHash, termsVersion, operator, maxFee, deadline, promptDigest, prompt, promptCid } = args;
    await tx
      .insert(inferenceRequests)
      .values({
        requestId: Number(args.requestId),
        requester: requester.toLowerCase(),
        releaseHash,
        termsVersion,
        operator: operator.toLowerCase(),
        maxFee,
        deadline,
        promptDigest,
        prompt: prompt === '0x' ? null : prompt,
        promptCid: promptCid === '' ? null : promptCid,
        status: 'open',
      })
      .onConflictDoNothing();
  }
  // Somebody else's, or one that was declined: nothing of it is left to be done. One's own is looked at once more.
  if (eventName === 'RequestRefunded')
    await tx
      .update(inferenceRequests)
      .set({ status: 'open' })
      .where(eq(inferenceRequests.requestId, Number(args.requestId)));
}
