import { allocationSchema, type RewardClaim, rewardClaim, toJson } from '@openledger/sdk';
import { and, asc, eq, isNull, ne, notInArray, or, sql } from 'drizzle-orm';
import { type Address, isAddressEqual } from 'viem';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { batches, earnings, receipts } from '../db/schema.ts';
import { rewardsSchema } from './build.ts';

const allocationsSchema = z.looseObject({ allocations: z.array(allocationSchema) });

type Sum = { amount: bigint; weight: bigint };
const nothing: Sum = { amount: 0n, weight: 0n };

/** What an account has earned from this operator: what it can claim now with its proof, what waits, and from what. */
export async function rewardsOf({ db, chain }: Context, account: Address) {
  const { client, contracts, operator } = chain;
  const open = and(eq(receipts.status, 'signed'), isNull(receipts.batchIndex));
  const [{ finalized }, claimed, rows, unsettled, bySource] = await Promise.all([
    client.readContract({ ...contracts.settlement, functionName: 'batches', args: [operator] }),
    client.readContract({ ...contracts.pool, functionName: 'claimed', args: [operator, account] }),
    db.select().from(batches).where(ne(batches.status, 'voided')).orderBy(asc(batches.batchIndex)),
    db
      .select({ bundle: receipts.bundle })
      .from(receipts)
      .where(or(open, eq(receipts.status, 'voided'))),
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
  const sumIn = (row: (typeof rows)[number] | undefined): Sum =>
    row ? (rewardsSchema.parse(row.rewards).find((entry) => isAddressEqual(entry.account, account)) ?? nothing) : nothing;
  const live = rows.find(({ batchIndex }) => batchIndex === finalized);
  const claim: RewardClaim | undefined = live ? rewardClaim(operator, rewardsSchema.parse(live.rewards), account) : undefined;
  const waiting = unsettled
    .flatMap(({ bundle }) => allocationsSchema.parse(bundle).allocations)
    .filter((entry) => isAddressEqual(entry.account, account))
    .reduce((sum, { amount, weight }) => ({ amount: sum.amount + amount, weight: sum.weight + weight }), nothing);
  const latest = sumIn(rows.at(-1));
  const now = sumIn(live);
  const pendingRow = rows.findLast(({ status }) => status === 'pending');
  const [amount, weight] = claimed;
  return toJson({
    operator,
    claim: claim ?? null,
    claimable: { amount: now.amount - amount, weight: now.weight - weight },
    pending: {
      amount: latest.amount - now.amount + waiting.amount,
      weight: latest.weight - now.weight + waiting.weight,
      finalAt: pendingRow?.finalAt ?? null,
    },
    bySource: bySource.map((source) => ({ ...source, datanetId: source.datanetId === 0 ? null : source.datanetId })),
  });
}
