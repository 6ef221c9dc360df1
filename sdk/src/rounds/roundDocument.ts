import type { Hex } from 'viem';
import { z } from 'zod';
import { bytes32Schema } from '../schema/primitives.ts';
import { assignmentOf } from './assignment.ts';

/** As many as the contract takes; the text is for people, who read all of it. */
export const roundLimits = { questions: 100, textBytes: 16_000 };

const text = z.string().max(roundLimits.textBytes);

/** The document behind a round's `documentCid`: every question, and both releases' answers to it in an order of its own. */
export const roundDocumentSchema = z.strictObject({
  schema: z.literal('openledger.evaluation-round.1'),
  releaseA: bytes32Schema,
  releaseB: bytes32Schema,
  /** Both releases were asked without randomness (temperature 0), each question alone, for at most so many tokens. */
  maxTokens: z.int().min(1).max(1_024),
  questions: z
    .array(z.strictObject({ question: text.min(1, 'is empty'), left: text, right: text }))
    .min(1)
    .max(roundLimits.questions),
});
export type RoundDocument = z.infer<typeof roundDocumentSchema>;

/** Both releases' answers to one question. */
export type AnswerPair = { question: string; ofA: string; ofB: string };

/** Puts each question's answers where the salt says. The salt itself stays with whoever opens the round. */
export function roundDocument(
  about: Pick<RoundDocument, 'releaseA' | 'releaseB' | 'maxTokens'>,
  pairs: readonly AnswerPair[],
  salt: Hex,
): RoundDocument {
  const questions = pairs.map(({ question, ofA, ofB }, at) =>
    assignmentOf(salt, at) === 'A' ? { question, left: ofA, right: ofB } : { question, left: ofB, right: ofA },
  );
  return roundDocumentSchema.parse({ schema: 'openledger.evaluation-round.1', ...about, questions });
}

/** What whoever prepared a round keeps to itself until all ballots are shown: the opening, and the salt behind it. */
export const preparedRoundSchema = z.strictObject({
  schema: z.literal('openledger.prepared-round.1'),
  releaseA: bytes32Schema,
  releaseB: bytes32Schema,
  questions: z.int().min(1).max(roundLimits.questions),
  documentCid: z.string().min(1).max(100),
  salt: bytes32Schema,
});
export type PreparedRound = z.infer<typeof preparedRoundSchema>;
