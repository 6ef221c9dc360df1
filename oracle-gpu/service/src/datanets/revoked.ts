import { and, asc, eq, inArray } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { contributions } from '../db/schema.ts';

/** A place in the chain's order of events. */
export type Moment = { blockNumber: number; logIndex: number };

type Revocable = Pick<typeof contributions.$inferSelect, 'status' | 'revokedBlock' | 'revokedLogIndex'>;

/** Whether a contribution had been revoked before `moment`, or by now where none is given. */
export function isRevoked({ status, revokedBlock, revokedLogIndex }: Revocable, moment?: Moment): boolean {
  if (status !== 'revoked' || revokedBlock === null || revokedLogIndex === null) return false;
  if (!moment) return true;
  return revokedBlock < moment.blockNumber || (revokedBlock === moment.blockNumber && revokedLogIndex < moment.logIndex);
}

/** The contributions of each of these datanets that are revoked by now, rising. */
export async function revokedOf({ db }: Pick<Context, 'db'>, datanetIds: readonly number[]): Promise<Map<number, number[]>> {
  const rows = await db
    .select({ contributionId: contributions.contributionId, datanetId: contributions.datanetId })
    .from(contributions)
    .where(and(inArray(contributions.datanetId, [...datanetIds]), eq(contributions.status, 'revoked')))
    .orderBy(asc(contributions.contributionId));
  const revoked = new Map<number, number[]>(datanetIds.map((datanetId) => [datanetId, []]));
  for (const { contributionId, datanetId } of rows) revoked.get(datanetId)?.push(contributionId);
  return revoked;
}
