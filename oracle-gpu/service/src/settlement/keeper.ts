import { rewardClaims } from '@openledger/sdk';
import { desc, eq, gt } from 'drizzle-orm';
import type { Address } from 'viem';
import { RefusedTransaction } from '../chain/outbox.ts';
import type { Context } from '../context.ts';
import { batches, payoutThresholds } from '../db/schema.ts';
import { rewardsSchema } from './build.ts';

/** Most accounts paid by one transaction: about 100,000 gas each. */
export const claimsAtOnce = 32;

/**
 * Pays everybody who asked for it what this operator owes it under its live rewards, once that is worth `minimum` and
 * what the account asked for. `tick` may be repeated at any time: who has been paid has nothing left to claim.
 */
export function createKeeper(context: Context) {
  const { db, chain, outbox, config, log, metrics } = context;
  const { client, contracts, operator } = chain;

  /** Accounts to be paid now with what each is owed, by the rewards that are live on chain. */
  async function due() {
    const wishes = await db.select().from(payoutThresholds).where(gt(payoutThresholds.threshold, 0n));
    if (wishes.length === 0) return { batchIndex: 0, rewards: [], accounts: [] };
    const [live] = await db
      .select({ batchIndex: batches.batchIndex, rewards: batches.rewards })
      .from(batches)
      .where(eq(batches.status, 'final'))
      .orderBy(desc(batches.batchIndex))
      .limit(1);
    const rewards = live ? rewardsSchema.parse(live.rewards) : [];
    const owed = new Map(rewards.map(({ account, amount }) => [account.toLowerCase(), amount]));
    const accounts: Address[] = [];
    for (const { account, threshold } of wishes) {
      const isWorthIt = (amount: bigint): boolean => amount >= threshold && amount >= config.keeper.minimum;
      const amount = owed.get(account) ?? 0n;
      if (!isWorthIt(amount)) continue;
      const [had] = await client.readContract({
        ...contracts.pool,
        functionName: 'claimed',
        args: [operator, account as Address],
      });
      if (isWorthIt(amount - had)) accounts.push(account as Address);
      if (accounts.length === claimsAtOnce) break;
    }
    return { batchIndex: live?.batchIndex ?? 0, rewards, accounts };
  }

  async function tick(): Promise<void> {
    if (await outbox.isInFlight('pay')) return;
    const { batchIndex, rewards, accounts } = await due();
    if (accounts.length === 0) return;
    const claims = rewardClaims(operator, rewards, accounts);
    try {
      await outbox.send('pay', { ...contracts.pool, functionName: 'claimMany', args: [claims] });
      metrics.payouts.inc(claims.length);
      log.info({ batchIndex, accounts: claims.length }, 'paid out to those who asked for it');
    } catch (error) {
      // The live rewards have changed meanwhile: the next tick claims under the new ones.
      if (!(error instanceof RefusedTransaction)) throw error;
      log.debug({ batchIndex, reason: error.message }, 'not paid out yet');
    }
  }

  return { tick };
}
