import { encodeAbiParameters, type Hex } from 'viem';
import { keccak } from '../schema/keccak.ts';
import { treeId } from '../tree/treeId.ts';

/** Leaves of a pending batch's tree that somebody asked for on chain, or its parameters. */
export type LeavesAsked = {
  headerHash: Hex;
  /** As `askedTree` numbers them. */
  tree: number;
  /** Index of the first leaf, sentinels included. */
  from: number;
  count: number;
};

/** What a batch's operator can be asked for: a tree by its id, the parameters in place of one. */
export const askedTree = {
  parameters: 0,
  receipts: treeId.receipts,
  allocations: treeId.allocations,
  rewards: treeId.rewards,
} as const;

const parameters = [{ type: 'bytes32' }, { type: 'uint8' }, { type: 'uint32' }, { type: 'uint32' }] as const;

/** Name of the request on chain. The same leaves of a batch can be asked for once. */
export function leavesRequestId({ headerHash, tree, from, count }: LeavesAsked): Hex {
  return keccak(encodeAbiParameters(parameters, [headerHash, tree, from, count]));
}
