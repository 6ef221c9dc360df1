import type { ChainEvent } from '../chain/events.ts';
import type { Transaction } from '../db/open.ts';
import { payoutThresholds } from '../db/schema.ts';

/** Keeps from how much on each account asks to be paid out. May be repeated. */
export async function mirrorThresholds(tx: Transaction, { eventName, args }: ChainEvent): Promise<void> {
  if (eventName !== 'PayoutThresholdSet') return;
  const { threshold } = args;
  await tx
    .insert(payoutThresholds)
    .values({ account: args.account.toLowerCase(), threshold })
    .onConflictDoUpdate({ target: payoutThresholds.account, set: { threshold } });
}
