import { randomUUID } from 'node:crypto';
import { hashJson, runOf } from '@openledger/sdk';
import { and, eq } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { z } from 'zod';
import { type Context, now } from '../context.ts';
import { answers, receipts } from '../db/schema.ts';
import { type Prepared, produceCharged } from '../gateway/answer.ts';
import { askChat } from '../gateway/asked.ts';
import { chatRequestSchema } from '../gateway/chatRequest.ts';
import { contentOf, type Delivered, deliveredSchema } from '../gateway/delivered.ts';
import { quote } from '../gateway/quote.ts';
import type { Purse } from './purse.ts';
import type { StepResult } from './steps.ts';

/** Names a step's answer, so that it is paid once. No header holds a line break: no caller's key is one of these. */
export const keyOfStep = (runId: string, step: number): string => `run\n${runId}\n${step}`;

/** Where a step's answer belongs. */
export type Inside = { purse: Purse; runId: string; runHash: Hex; step: number; signal: AbortSignal };

/**
 * An answer of a model as a step of a run: the same as any call's, with a receipt of its own on the payer's channel, paid
 * out of the run's purse.
 */
export async function answerInside(
  context: Context,
  { purse, runId, runHash, step, signal }: Inside,
  body: z.input<typeof chatRequestSchema>,
): Promise<StepResult> {
  const { account } = purse;
  const idempotencyKey = keyOfStep(runId, step);
  const before = await paidBefore(context, purse, idempotencyKey);
  if (before) return before;
  const asked = askChat(chatRequestSchema.parse(body));
  const { model, choices, retrieved } = await quote(context, asked, account);
  const [quoted] = choices;
  if (!quoted) throw new Error('A step asks for no answer.');
  const { choice, promptTokenIds, maxTokens, most } = quoted;
  signal.throwIfAborted();
  const prepared: Prepared = {
    session: account,
    model,
    asked,
    answers: [
      {
        call: {
          id: randomUUID(),
          idempotencyKey,
          parentReceipt: runHash,
          requestHash: hashJson(body),
          created: now(),
          model: model.name,
          stream: false,
          includeUsage: false,
        },
        reservation: purse.slice(most),
        choice,
        generation: { maxTokens, ...asked.sampling, seed: choice.seed },
        promptTokenIds,
      },
    ],
    retrieved,
    giveBack: () => undefined,
    cancelled: signal,
  };
  const [{ row, delivered }] = await produceCharged(context, prepared, { write: () => true, signal });
  return { output: outputOf(delivered), receiptHash: row.hash as Hex, sequence: row.sequence, cost: row.fee };
}

/** The answer of a step that was charged before the service ended and could say so. */
export async function paidBefore({ db }: Pick<Context, 'db'>, purse: Purse, key: string): Promise<StepResult | undefined> {
  const [found] = await db
    .select()
    .from(answers)
    .innerJoin(receipts, eq(receipts.hash, answers.receiptHash))
    .where(and(eq(answers.channel, purse.account.channel), eq(answers.idempotencyKey, key)));
  if (!found) return undefined;
  const { hash, sequence, fee, bundle } = found.receipts;
  const { trace } = bundle as { trace: Record<string, unknown> };
  const cost = fee + (runOf(trace)?.spent ?? 0n);
  purse.note(cost);
  return { output: outputOf(deliveredSchema.parse(found.answers.delivered)), receiptHash: hash as Hex, sequence, cost };
}

function outputOf(delivered: Delivered): StepResult['output'] {
  const { content, calls } = contentOf(delivered);
  return { text: content, ...(calls.length > 0 ? { calls } : {}) };
}
