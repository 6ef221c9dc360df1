import { addressSchema } from '@openledger/sdk';
import { and, desc, gte, lt } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import { isAddressEqual } from 'viem';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { batches, voidedBatches } from '../db/schema.ts';
import { openReceipts } from '../settlement/build.ts';
import { rewardsOf } from '../settlement/rewards.ts';
import { nextCursor, pageSchema } from './page.ts';

const listSchema = pageSchema.extend({ operator: addressSchema.optional() });
const headerSchema = z.record(z.string(), z.json()).nullable();

/** Batches and what they pay. */
export function settlement(app: FastifyInstance, context: Context, settleSoon: () => void): void {
  const { db, chain } = context;

  app.get('/v1/batches', async (request, reply) => {
    const { operator, limit, cursor } = listSchema.parse(request.query);
    if (operator && !isAddressEqual(operator, chain.operator)) return [];
    const rows = await db
      .select()
      .from(batches)
      .where(cursor === undefined ? undefined : lt(batches.batchIndex, cursor))
      .orderBy(desc(batches.batchIndex))
      .limit(limit);
    const isFull = rows.length === limit;
    if (isFull) reply.header(nextCursor, String(rows.at(-1)?.batchIndex));
    // Where numbers are used again the voided ones come behind the one that holds.
    const voided = await db
      .select()
      .from(voidedBatches)
      .where(
        and(
          cursor === undefined ? undefined : lt(voidedBatches.batchIndex, cursor),
          isFull ? gte(voidedBatches.batchIndex, rows.at(-1)?.batchIndex ?? 0) : undefined,
        ),
      )
      .orderBy(desc(voidedBatches.batchIndex), desc(voidedBatches.settledAt));
    const live = rows
      .filter(({ status }) => status !== 'voided')
      .map((row) => ({
        operator: chain.operator,
        batchIndex: row.batchIndex,
        status: row.status === 'built' ? 'open' : row.status,
        headerHash: row.status === 'built' ? null : row.headerHash,
        receipts: row.receipts,
        collected: row.collected.toString(),
        settledAt: row.settledAt,
        finalAt: row.finalAt,
        dataCid: row.dataCid,
        header: row.status === 'built' ? null : headerSchema.parse(row.header),
        voided: null,
      }));
    const dead = voided.map((row) => ({
      operator: chain.operator,
      batchIndex: row.batchIndex,
      status: 'voided',
      headerHash: row.headerHash,
      receipts: row.receipts,
      collected: row.collected.toString(),
      settledAt: row.settledAt,
      finalAt: null,
      dataCid: row.dataCid,
      header: headerSchema.parse(row.header),
      voided: {
        fault: row.fault,
        isAccused: row.isAccused,
        challenger: row.challenger,
        transaction: row.transaction,
        isRefunded: row.isReleased,
      },
    }));
    const listed = [...live, ...dead].sort((a, b) => b.batchIndex - a.batchIndex);
    if (cursor !== undefined) return listed;
    const open = await openReceipts(context);
    if (open.length === 0) return listed;
    const next = {
      operator: chain.operator,
      batchIndex: (live[0]?.batchIndex ?? 0) + 1,
      status: 'open',
      headerHash: null,
      receipts: open.length,
      collected: open.reduce((sum, { fee }) => sum + fee, 0n).toString(),
      settledAt: null,
      finalAt: null,
      dataCid: null,
      header: null,
      voided: null,
    };
    return [next, ...listed];
  });

  app.post('/v1/batches/settle', { config: { rateLimit: { max: 12, timeWindow: 60_000 } } }, async (_request, reply) => {
    const open = await openReceipts(context);
    if (open.length > 0) settleSoon();
    return reply.code(202).send({ open: open.length });
  });

  app.get<{ Params: { account: string } }>('/v1/rewards/:account', async (request) =>
    rewardsOf(context, addressSchema.parse(request.params.account)),
  );
}
