import { encodeAbiParameters, type Hex } from 'viem';
import { z } from 'zod';
import { hashJson } from '../schema/hashJson.ts';
import { keccak } from '../schema/keccak.ts';
import { bytes32Schema } from '../schema/primitives.ts';

/** `exact`: the answer is the expected text; `contains`: it stands in the answer. Case and white space do not count. */
export const evaluationMetrics = ['exact', 'contains'] as const;
export type EvaluationMetric = (typeof evaluationMetrics)[number];

/** Fewer items say little, more are not read by anybody. */
export const evaluationLimits = { fewest: 5, most: 500, textBytes: 8_000 };

const text = z.string().min(1, 'is empty').max(evaluationLimits.textBytes);

/** One question, and what its answer is compared with. */
export const evaluationItemSchema = z.strictObject({ question: text, expected: text });
export type EvaluationItem = z.infer<typeof evaluationItemSchema>;

/** The document behind a proposal's `itemsCid`. */
export const evaluationItemsSchema = z.strictObject({
  schema: z.literal('openledger.evaluation-items.1'),
  salt: bytes32Schema,
  metric: z.enum(evaluationMetrics),
  maxTokens: z.int().min(1).max(1_024),
  items: z.array(evaluationItemSchema).min(evaluationLimits.fewest).max(evaluationLimits.most),
});
export type EvaluationItems = z.infer<typeof evaluationItemsSchema>;

/** The document behind a proposal's `outputsCid`: one answer for each item, in their order. */
export const evaluationOutputsSchema = z.strictObject({
  schema: z.literal('openledger.evaluation-outputs.1'),
  releaseHash: bytes32Schema,
  outputs: z.array(z.string()).min(evaluationLimits.fewest).max(evaluationLimits.most),
});
export type EvaluationOutputs = z.infer<typeof evaluationOutputsSchema>;

/** keccak256(abi.encode(bytes32[])) over the hashes of the entries' canonical JSON: opened as a whole, never by parts. */
export function listRoot(entries: readonly unknown[]): Hex {
  return keccak(encodeAbiParameters([{ type: 'bytes32[]' }], [entries.map(hashJson)]));
}

/** Root of the items, with how they are asked and compared. */
export function itemsRoot({ metric, maxTokens, items }: Omit<EvaluationItems, 'schema' | 'salt'>): Hex {
  return listRoot([{ metric, maxTokens }, ...items]);
}

/** Commitment of ModelProposals.propose: keccak256(abi.encode(salt, items root)). */
export function itemsCommitment(salt: Hex, root: Hex): Hex {
  return keccak(encodeAbiParameters([{ type: 'bytes32' }, { type: 'bytes32' }], [salt, root]));
}

const plain = (words: string): string => words.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

export function passesItem(item: EvaluationItem, output: string, metric: EvaluationMetric): boolean {
  const [given, expected] = [plain(output), plain(item.expected)];
  return metric === 'exact' ? given === expected : given.includes(expected);
}

/** Items that were answered as expected, in basis points, rounded down. Throws unless there is one output for each item. */
export function evaluationScore(items: readonly EvaluationItem[], outputs: readonly string[], metric: EvaluationMetric): number {
  if (items.length === 0 || items.length !== outputs.length) {
    throw new Error(`There are ${items.length} items and ${outputs.length} outputs: give one output for each item.`);
  }
  const passed = items.filter((item, index) => passesItem(item, outputs[index] ?? '', metric)).length;
  return Math.floor((passed * 10_000) / items.length);
}
