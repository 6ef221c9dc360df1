import { z } from 'zod';
import { bytes32Schema } from '../schema/primitives.ts';

/** How one model did on the items. `adapter` null: the base alone. */
export const measuredModelSchema = z.object({
  adapter: bytes32Schema.nullable(),
  /** Nats for each token of the expected answers. */
  loss: z.number(),
  perplexity: z.number(),
  /** Shares of the items, 0 to 1. */
  exactMatch: z.number(),
  rougeL: z.number(),
  /** Items that pass by the items' own metric, bps. */
  scoreBps: z.int(),
});
export type MeasuredModel = z.infer<typeof measuredModelSchema>;

/** What a release's evaluation file says of the items that its job committed to. */
export const evaluationSummarySchema = z.object({
  commitment: bytes32Schema,
  /** How many. */
  items: z.int(),
  /** The document with the items and the salt, now told to everybody. */
  itemsCid: z.string(),
  /** Every answer of every model. */
  reportCid: z.string(),
  /** The base, the release, and the model's release before it where there is one. */
  models: z.array(measuredModelSchema).min(1),
});
export type EvaluationSummary = z.infer<typeof evaluationSummarySchema>;

/** The same where they could not be measured, with the reason. */
export const failedEvaluationSchema = z.object({ commitment: bytes32Schema, items: z.int(), failed: z.string() });

/** The document behind `reportCid`. */
export const evaluationReportSchema = z.object({
  schema: z.literal('openledger.evaluation-report.1'),
  commitment: bytes32Schema,
  baseModel: bytes32Schema,
  models: z.array(measuredModelSchema).min(1),
  /** `answers` in the order of `models`. */
  rows: z.array(z.object({ question: z.string(), expected: z.string(), answers: z.array(z.string()) })),
});
export type EvaluationReport = z.infer<typeof evaluationReportSchema>;
