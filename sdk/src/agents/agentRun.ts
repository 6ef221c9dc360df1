import { z } from 'zod';
import { amountSchema, bytes32Schema, uint32Schema } from '../schema/primitives.ts';

/** One thing that an agent did. Hashes are keccak256 of UTF-8: what went in and out is the payer's to show. */
export const runStepSchema = z.strictObject({
  kind: z.enum(['model', 'retrieve', 'tool', 'agent']),
  /** `model/3`, `datanet/1`, `agent/2`, or a tool's server and name. */
  name: z.string().min(1).max(700),
  /** Of the answer that it was paid by; a tool has none. */
  receipt: bytes32Schema.optional(),
  sequence: uint32Schema.optional(),
  inputHash: bytes32Schema,
  outputHash: bytes32Schema,
  /** Why a tool gave nothing, where the run went on without. */
  error: z.string().max(64).optional(),
  ms: z.int().min(0),
});

/** What the trace of an agent's own receipt says of its run. Amounts in wei. */
export const agentRunSchema = z.strictObject({
  /** Opens the run's hash together with the receipt. */
  nonce: bytes32Schema,
  agent: z.string().regex(/^agent\/[1-9]\d{0,9}$/),
  version: uint32Schema,
  manifestHash: bytes32Schema,
  /** Most that all of it could cost, the agent's own fee included. */
  limit: amountSchema,
  /** What the answers inside cost, with those inside of them. */
  spent: amountSchema,
  steps: z.array(runStepSchema),
  /** Receipts of the steps, in order. */
  children: z.array(bytes32Schema),
});

export type RunStep = z.output<typeof runStepSchema>;
export type AgentRun = z.output<typeof agentRunSchema>;
/** As a trace holds it: amounts are decimal strings. */
export type AgentRunJson = z.input<typeof agentRunSchema>;

/** The run that a receipt's trace tells of; undefined where it is no agent's. Throws where it is none. */
export function runOf(trace: Record<string, unknown>): AgentRun | undefined {
  return trace.run === undefined ? undefined : agentRunSchema.parse(trace.run);
}
