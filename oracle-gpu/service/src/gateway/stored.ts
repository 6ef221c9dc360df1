import { hashJson } from '@openledger/sdk';
import { and, eq, inArray } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { answers, receipts } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import { openBundle, whenAnswered } from '../receipts/bundle.ts';
import type { Account } from '../sessions/book.ts';
import type { Asked } from './asked.ts';
import { deliveredSchema } from './delivered.ts';
import { type Answered, renderResponse } from './render.ts';
import { inProgress } from './reserve.ts';

/** The key of one of several answers. No header holds a line break, so that no caller's key is another's. */
export const keyOf = (idempotencyKey: string, choice: number): string =>
  choice === 0 ? idempotencyKey : `${idempotencyKey}\n${choice}`;

/** The answers of an earlier call with the same Idempotency-Key, byte by byte, as far as they were charged. */
export async function storedAnswer(
  { db, releases }: Context,
  session: Account,
  asked: Asked,
  idempotencyKey: string | undefined,
): Promise<{ stream: boolean; response: string } | undefined> {
  if (!idempotencyKey) return undefined;
  const requestHash = hashJson(asked.body);
  const keys = asked.choices.map((_, choice) => keyOf(idempotencyKey, choice));
  const known = await db
    .select()
    .from(answers)
    .innerJoin(receipts, eq(receipts.hash, answers.receiptHash))
    .where(and(eq(answers.channel, session.channel), inArray(answers.idempotencyKey, keys)));
  const running = keys.map((key) => session.running.get(key)).find((hash) => hash !== undefined);
  const earlierHash = known[0]?.answers.requestHash ?? running;
  if (earlierHash !== undefined && earlierHash !== requestHash) {
    throw new ServiceError(409, 'idempotency_key_reused', 'This Idempotency-Key belongs to another request: use a new one.');
  }
  if (running !== undefined && known.length < keys.length) throw inProgress();
  const found = await Promise.all(
    known.map(async (row): Promise<Answered> => {
      const bundle = await openBundle(releases, { ...row.receipts, ...whenAnswered }, true);
      return { call: row.answers, delivered: deliveredSchema.parse(row.answers.delivered), bundle };
    }),
  );
  const [first, ...others] = found.sort((a, b) => (a.delivered.choice ?? 0) - (b.delivered.choice ?? 0));
  return first && { stream: first.call.stream, response: renderResponse([first, ...others]) };
}
