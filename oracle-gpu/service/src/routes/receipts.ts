import { addressSchema, bytes32Schema } from '@openledger/sdk';
import { and, desc, eq, type SQL, sql } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { receipts as table } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import { openBundle } from '../receipts/bundle.ts';
import { sessionOf } from '../sessions/findSession.ts';
import { nextCursor, pageSchema } from './page.ts';

const json = 'application/json; charset=utf-8';
/** `created.hash` of the last receipt of the page before. */
const cursorSchema = z.string().regex(/^\d+\.0x[0-9a-f]{64}$/);
const listSchema = pageSchema.extend({
  cursor: cursorSchema.optional(),
  payer: addressSchema.optional(),
  model: z
    .string()
    .regex(/^(model\/)?\d+$/)
    .optional(),
});

/** Receipts: public but for the prompt and the answer, which only the payer's key opens. */
export function receipts(app: FastifyInstance, context: Context): void {
  const { db, releases } = context;

  app.get<{ Params: { hash: string } }>('/v1/receipts/:hash', async (request, reply) => {
    const hash = bytes32Schema.parse(request.params.hash);
    const [row] = await db.select().from(table).where(eq(table.hash, hash));
    if (!row) throw new ServiceError(404, 'receipt_not_found', `This operator signed no receipt ${hash}.`);
    const session = await sessionOf(context, request.headers.authorization);
    return reply.type(json).send(await openBundle(releases, row, session?.channel === row.channel));
  });

  app.get('/v1/receipts', async (request, reply) => {
    const { payer, model, limit, cursor } = listSchema.parse(request.query);
    const conditions: SQL[] = [];
    if (payer) conditions.push(eq(table.payer, payer.toLowerCase()));
    if (model) conditions.push(eq(table.modelId, Number(model.replace('model/', ''))));
    if (cursor) {
      const [created, hash] = cursor.split('.') as [string, string];
      conditions.push(sql`(${table.created}, ${table.hash}) < (${Number(created)}, ${hash})`);
    }
    const rows = await db
      .select()
      .from(table)
      .where(and(...conditions))
      .orderBy(desc(table.created), desc(table.hash))
      .limit(limit);
    const session = await sessionOf(context, request.headers.authorization);
    if (rows.length === limit) reply.header(nextCursor, `${rows.at(-1)?.created}.${rows.at(-1)?.hash}`);
    const bundles = await Promise.all(rows.map((row) => openBundle(releases, row, session?.channel === row.channel)));
    return reply.type(json).send(`[${bundles.join(',')}]`);
  });

  app.get('/v1/answers/latest', async (request, reply) => {
    const { limit } = pageSchema.parse(request.query);
    const rows = await db
      .select()
      .from(table)
      .where(eq(table.isPublic, true))
      .orderBy(desc(table.created), desc(table.sequence))
      .limit(Math.min(limit, 20));
    const bundles = await Promise.all(rows.map((row) => openBundle(releases, row, true))); // their payers agreed
    return reply.type(json).send(`[${bundles.join(',')}]`);
  });
}
