import type { Hex } from 'viem';
import { z } from 'zod';
import { bytes32Schema, hexSchema, int32Schema, uint32Schema } from '../schema/primitives.ts';

export const minRuns = 24;
export const maxRuns = 256;
export const minQuestions = 16;
export const maxQuestions = 64;

const questionSchema = z.strictObject({
  recordId: bytes32Schema, // the record whose question was asked
  tokens: uint32Schema, // of question and answer
  tokensRoot: bytes32Schema,
  query: hexSchema, // k int8
  scores: z.array(int32Schema), // of the rows, by position
});

/** The file that a release's measured fidelity follows from (docs/calibration.md). */
export const calibrationSchema = z
  .strictObject({
    version: z.literal(1),
    adapter: bytes32Schema,
    records: z.int().min(minQuestions).max(20_000),
    k: uint32Schema,
    projectionHash: bytes32Schema,
    epochs: z.int().positive(), // of each run
    questions: z.array(questionSchema).min(minQuestions).max(maxQuestions),
    losses: z.array(z.array(z.int())).min(minRuns).max(maxRuns), // [runs][questions], micro-nats
  })
  .refine(({ losses }) => losses.length % 2 === 0, 'the number of runs must be even')
  .refine(
    ({ questions, losses }) => losses.every((run) => run.length === questions.length),
    'each run needs a loss for every question',
  )
  .refine(
    ({ questions, records }) => questions.every(({ scores }) => scores.length === records),
    'each question needs a score for every record',
  );
export type Calibration = z.infer<typeof calibrationSchema>;

/** A correlation in bps: the mean over the questions and its 95 % interval. */
export type Fidelity = { ldsBps: number; lowBps: number; highBps: number };

/** What `measureFidelity` reads of a calibration. */
export type Measured = {
  adapter: Hex;
  records: number;
  questions: readonly { scores: readonly number[] }[];
  losses: readonly (readonly number[])[];
};
