import type { Hex } from 'viem';
import { buildTree, type SumTree } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';

/** Tree 4: the records of a contribution in file order; `tokens` are counted by whoever has a tokenizer, else 0. */
export function recordsTree(recordIds: readonly Hex[], tokens: readonly number[] = []): SumTree {
  return buildTree(
    treeId.records,
    recordIds.map((id, position) => ({ key: BigInt(position), data: id, amount: 1n, weight: BigInt(tokens[position] ?? 0) })),
  );
}

/** What a contribution commits to and reveals: root of the tree over its record ids, tokens not counted. */
export function recordsRoot(recordIds: readonly Hex[]): Hex {
  return recordsTree(recordIds).root;
}
