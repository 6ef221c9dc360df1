import { z } from 'zod';
import { addressSchema, bytes32Schema, int32Schema, uint32Schema } from '../schema/primitives.ts';
import type { chatMessageSchema } from './receiptBundle.ts';

/** Whose answer is to be attributed: that of a receipt of one's own, or any text as an answer to `messages`. */
export type AttributionRequest = (
  | { receiptHash: string }
  | { model: string; messages: z.input<typeof chatMessageSchema>[]; answer: string }
) & {
  /** Whether each record's score is also divided among up to 8 phrases of the answer (slower); false if absent. */
  segments?: boolean;
};

const recordSchema = z.object({
  recordId: bytes32Schema,
  position: uint32Schema,
  cluster: bytes32Schema,
  contributor: addressSchema,
  datanetId: uint32Schema,
  contributionId: uint32Schema,
  source: z.object({ title: z.string(), path: z.string(), version: z.string(), licence: z.string() }),
});

/** A stretch of `answer`; `start` and `end` count UTF-16 code units, as JavaScript's strings do. */
const stretchSchema = z.object({ start: z.int().min(0), end: z.int().min(0), text: z.string() });

export const attributionSchema = z.object({
  model: z.string(),
  releaseHash: bytes32Schema,
  receiptHash: bytes32Schema.optional(),
  answer: z.string(),
  /** Score that the whole index is expected to exceed by chance with less than one record. */
  nullThreshold: int32Schema,
  /** Best first. `score` is the int32 product of row and query; `shareBps` its part of what such an answer's contributors get. */
  records: z.array(recordSchema.extend({ score: z.int(), shareBps: z.int().min(0).max(10_000) })),
  /** What no record gets: the datanets' pools. With the records' shares 10,000. */
  unexplainedBps: z.int().min(0).max(10_000),
  /** What stands word for word in records. */
  spans: z.array(stretchSchema.extend({ sources: z.array(recordSchema) })),
  /** Phrases that together are the answer; `scores`, in the order of `records`, sum over them to each record's score. */
  segments: z.array(stretchSchema.extend({ scores: z.array(z.int()) })).optional(),
});

export type AttributionResult = z.infer<typeof attributionSchema>;
