import { encodeAbiParameters, type Hex } from 'viem';
import { keccak } from '../schema/keccak.ts';
import type { Leaf } from '../tree/nodes.ts';
import { buildTree, type SumTree } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import type { IndexLeaf } from './release.ts';

const parameters = [
  { name: 'position', type: 'uint32' },
  { name: 'recordId', type: 'bytes32' },
  { name: 'contributor', type: 'address' },
  { name: 'cluster', type: 'bytes32' },
  { name: 'tokensRoot', type: 'bytes32' },
  { name: 'scaleBits', type: 'uint32' },
  { name: 'rowRoot', type: 'bytes32' },
] as const;

export function indexLeafHash(leaf: IndexLeaf): Hex {
  return keccak(
    encodeAbiParameters(parameters, [
      leaf.position,
      leaf.recordId,
      leaf.contributor,
      leaf.cluster,
      leaf.tokensRoot,
      leaf.scaleBits,
      leaf.rowRoot,
    ]),
  );
}

/** A row's leaf in tree 6. */
export function indexTreeLeaf(leaf: IndexLeaf): Leaf {
  return { key: BigInt(leaf.position), data: indexLeafHash(leaf), amount: 1n, weight: 0n };
}

/** Tree 6: the attribution index of a release, rows by position. */
export function indexTree(rows: readonly IndexLeaf[]): SumTree {
  return buildTree(treeId.attributionIndex, rows.map(indexTreeLeaf));
}
