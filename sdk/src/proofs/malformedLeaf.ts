import { encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import type { Leaf } from '../tree/nodes.ts';
import { treeId } from '../tree/treeId.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openLeaf } from './opening.ts';

const feeUnit = 10_000n;

/** A leaf between the sentinels that breaks the format of its tree: a fee that cannot be shared exactly. */
export function malformedLeaf({ batch, accused }: Case): FraudProof | undefined {
  const tree = batch.receiptsTree;
  const index = tree?.leaves.findIndex((leaf) => !isSound(leaf)) ?? -1;
  if (!tree || index === -1) return undefined;
  return {
    fault: 'malformed leaf',
    about: `The fee of receipt ${index} is no multiple of ${feeUnit} wei.`,
    data: encodeFunctionData({
      abi: fraudProofsAbi,
      functionName: 'proveMalformedLeaf',
      args: [accused, treeId.receipts, openLeaf(tree, index)],
    }),
  };
}

const isSound = ({ amount }: Leaf): boolean => amount % feeUnit === 0n;
