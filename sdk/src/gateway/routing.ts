import { z } from 'zod';
import { bytes32Schema } from '../schema/primitives.ts';

/** Name of a model that leaves the choice to the gateway. */
export const automaticModel = 'auto';

/**
 * Why a model was chosen for a call that left the choice open, as the trace of its receipt says it. `score`: how near the
 * question is to what a release was trained on, cosine of meaning in bps, best first.
 */
export const routingSchema = z.strictObject({
  /** What a score means: how releases are described, and how a question is compared with them. */
  version: z.string().min(1),
  /** SHA-256 of the embedding model's weights. */
  embedder: z.string().min(1),
  threshold: z.int(),
  /** How many of the user's messages, the latest, were taken as the question. */
  messages: z.int().min(1),
  /** `nearest`: the first of `choices`. `default`: none was near enough, and the operator named a model for that. */
  reason: z.enum(['nearest', 'default']),
  choices: z.array(z.strictObject({ releaseHash: bytes32Schema, score: z.int().min(-10_000).max(10_000) })).max(3),
});

export type Routing = z.infer<typeof routingSchema>;

/** The choice that a receipt's trace tells of; undefined where the caller chose the model. Throws where it is none. */
export function routingOf(trace: Record<string, unknown>): Routing | undefined {
  return trace.router === undefined ? undefined : routingSchema.parse(trace.router);
}
