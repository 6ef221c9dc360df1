import { encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { noOpening, openLeaf } from './opening.ts';

/** An allocation of a position that has no receipt, or that names another receipt than the one there. */
export function strayAllocation({ batch, accused }: Case): FraudProof | undefined {
  const { allocationsTree: tree, receiptsTree: receipts } = batch;
  if (!tree || !receipts) return undefined;
  for (let index = 1; index < tree.count - 1; index += 1) {
    const leaf = openLeafKey(tree.leaves[index]);
    const isThere = leaf.position + 2n < BigInt(receipts.count);
    if (isThere && receipts.leaves[Number(leaf.position) + 1]?.key === leaf.names) continue;
    return {
      fault: 'stray allocation',
      about: isThere
        ? `Allocation ${index} names another receipt than the one at its position.`
        : `Allocation ${index} is of a receipt that the batch does not have.`,
      data: encodeFunctionData({
        abi: fraudProofsAbi,
        functionName: 'proveStrayAllocation',
        args: [accused, openLeaf(tree, index), isThere ? openLeaf(receipts, Number(leaf.position) + 1) : noOpening],
      }),
    };
  }
  return undefined;
}

function openLeafKey(leaf: { key: bigint; data: string } | undefined): { position: bigint; names: bigint } {
  return { position: BigInt.asUintN(96, leaf?.key ?? 0n), names: BigInt(leaf?.data ?? 0) };
}
