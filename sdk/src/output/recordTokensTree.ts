import { keccak } from '../schema/keccak.ts';
import { buildTree, type SumTree } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import { tokenChunks } from './tokenChunks.ts';

/** Tree 8: the chunks of a record's tokens. */
export function recordTokensTree(tokenIds: readonly number[]): SumTree {
  return buildTree(
    treeId.recordTokens,
    tokenChunks(tokenIds).map(({ bytes, tokens }, index) => ({
      key: BigInt(index),
      data: keccak(bytes),
      amount: BigInt(tokens),
      weight: 0n,
    })),
  );
}
