import { type RewardClaim, rewardClaim, toJson } from '@openledger/sdk';
import { and, desc, eq, ne, notInArray, sql } from 'drizzle-orm';
import { type Address, isAddressEqual } from 'viem';
import type { Context } from '../context.ts';
import { batches, earnings, receipts } from '../db/schema.ts';
import { isOpen, rewardsSchema } from './build.ts';

type Sum = { amount: bigint; weight: bigint };
const nothing: Sum = { amount: 0n, weight: 0n };

/** What an account has earned from this operator: what it can claim now with its proof, what waits, and from what. */
export async function rewardsOf({ db, chain }: Context, account: Address) {
  const { client, contracts, operator } = chain;
  const newest = db.select().from(batches).where(ne(batches.status, 'voided')).orderBy(desc(batches.batchIndex)).limit(1);
  const pending = db
    .select({ finalAt: batches.finalAt })
    .from(batches)
    .where(eq(batches.status, 'pending'))
    .orderBy(desc(batches.batchIndex))
    .limit(1);
  const [{ finalized }, claimed, [last], [waitsFor], waiting, bySource] = await Promise.all([
    client.readContract({ ...contracts.settlement, functionName: 'batches', args: [operator] }),
    client.readContract({ ...contracts.pool, functionName: 'claimed', args: [operator, account] }),
    newest,
    pending,
    waitingOf(db, account),
    db
      .select({
        role: earnings.role,
        datanetId: earnings.datanetId,
        modelId: earnings.modelId,
        amount: sql<string>`sum(${earnings.amount})`,
      })
      .from(earnings)
      .innerJoin(receipts, eq(receipts.hash, earnings.receiptHash))
      .where(and(eq(earnings.account, account.toLowerCase()), notInArray(receipts.status, ['held', 'unpaid'])))
      .groupBy(earnings.role, earnings.datanetId, earnings.modelId)
      .orderBy(earnings.modelId, earnings.datanetId, earnings.role),
  ]);
  const [live] = await db.select().from(batches).where(eq(batches.batchIndex, finalized));
  const sumIn = (row: typeof last): Sum =>
    row ? (rewardsSchema.parse(row.rewards).find((entry) => isAddressEqual(entry.account, account)) ?? nothing) : nothing;
  const claim: RewardClaim | undefined = live ? rewardClaim(operator, rewardsSchema.parse(live.rewards), account) : undefined;
  const latest = sumIn(last);
  const now = sumIn(live);
  const [amount, weight] = claimed;
  return toJson({
    operator,
    claim: claim ?? null,
    claimable: { amount: now.amount - amount, weight: now.weight - weight },
    pending: {
      amount: latest.amount - now.amount + waiting.amount,
      weight: latest.weight - now.weight + waiting.weight,
      finalAt: waitsFor?.finalAt ?? null,
    },
    bySource: bySource.map((source) => ({ ...source, datanetId: source.datanetId === 0 ? null : source.datanetId })),
  });
}

/** What an account is allocated by receipts that no batch has, those of void batches included. */
async function waitingOf(db: Context['db'], account: Address): Promise<Sum> {
  const own = account.toLowerCase();
  const { rows } = await db.execute<{ amount: string; weight: string }>(sql`
    SELECT coalesce(sum((share ->> 'amount')::numeric), 0)::text AS amount,
      coalesce(sum((share ->> 'weight')::numeric), 0)::text AS weight
    FROM ${receipts}, json_array_elements(bundle -> 'allocations') AS share
    WHERE (${isOpen} OR status = 'voided')
      AND hash IN (SELECT receipt_hash FROM ${earnings} WHERE account = ${own})
      AND lower(share ->> 'account') = ${own}`);
  const [sum] = rows;
  return sum ? { amount: BigInt(sum.amount), weight: BigInt(sum.weight) } : nothing;
}
