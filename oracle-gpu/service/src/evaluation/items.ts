import {
  type EvaluationItem,
  type EvaluationItems,
  evaluationItemsSchema,
  hashJson,
  itemsCommitment,
  itemsRoot,
  type TrainingRecord,
} from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import { evaluationItems } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';

/** Items that a job commits to. `recordIds`: of the records they were drawn from; null for questions of the proposer's own. */
export type HeldItems = { items: EvaluationItems; recordIds: Hex[] | null };
export type CommittedItems = { commitment: Hex; items: number };

/** An item as messages of a record that could be trained on: the question, and what is expected. */
export const recordOf = (item: EvaluationItem): Pick<TrainingRecord, 'messages'> => ({
  messages: [
    { role: 'user', content: item.question },
    { role: 'assistant', content: item.expected },
  ],
});

/** Keeps items until the model is trained; nobody is told them before. The same again changes nothing. */
export async function keepItems({ db }: Pick<Context, 'db'>, { items, recordIds }: HeldItems): Promise<CommittedItems> {
  if (new Set(items.items.map(hashJson)).size < items.items.length)
    throw new ServiceError(400, 'duplicate_item', 'A question is listed twice with the same answer: each counts once.');
  const commitment = itemsCommitment(items.salt, itemsRoot(items));
  await db.insert(evaluationItems).values({ commitment, items, recordIds }).onConflictDoNothing();
  return { commitment, items: items.items.length };
}

/** The items behind a job's commitment. Throws where this operator was not told them. */
export async function readItems({ db }: Pick<Context, 'db'>, { commitment, items: count }: CommittedItems): Promise<HeldItems> {
  const [row] = await db.select().from(evaluationItems).where(eq(evaluationItems.commitment, commitment));
  if (!row)
    throw new ServiceError(
      409,
      'items_missing',
      `This operator was not told the evaluation items ${commitment}: send them to POST /v1/evaluation-items, then open a job.`,
    );
  const items = evaluationItemsSchema.parse(row.items);
  if (items.items.length !== count)
    throw new ServiceError(
      422,
      'invalid_spec',
      `The specification names ${count} evaluation items, and they are ${items.items.length}.`,
    );
  return { items, recordIds: row.recordIds as Hex[] | null };
}
