import { keccak } from '../schema/keccak.ts';
import { buildTree, type SumTree } from '../tree/sumTree.ts';
import type { treeId } from '../tree/treeId.ts';

/** int8 components in a chunk; the last one has fewer. */
export const componentsPerChunk = 4_096;

/** Tree 9 (an index row) or 10 (a query): the chunks of an int8 vector. */
export function int8Tree(id: typeof treeId.indexRow | typeof treeId.query, vector: Int8Array): SumTree {
  const chunks = Math.ceil(vector.length / componentsPerChunk);
  return buildTree(
    id,
    Array.from({ length: chunks }, (_, index) => {
      const chunk = vector.slice(index * componentsPerChunk, (index + 1) * componentsPerChunk);
      return { key: BigInt(index), data: keccak(new Uint8Array(chunk.buffer)), amount: BigInt(chunk.length), weight: 0n };
    }),
  );
}
