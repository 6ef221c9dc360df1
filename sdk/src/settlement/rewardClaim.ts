import type { Address, Hex } from 'viem';
import type { Allocation } from '../evidence/evidence.ts';
import type { Commitment } from '../tree/nodes.ts';
import { commitmentOf } from '../tree/sumTree.ts';
import { treeProof } from '../tree/treeProof.ts';
import { rewardKey } from './batch.ts';
import { rewardsTree } from './batchTrees.ts';

/** Argument of RewardPool.claim and claimVotes. */
export type RewardClaim = {
  operator: Address;
  rewards: Commitment;
  account: Address;
  amount: bigint;
  weight: bigint;
  index: number;
  proof: Hex;
};

/** What `account` may claim under an operator's live rewards, or undefined if it has none. */
export function rewardClaim(operator: Address, rewards: readonly Allocation[], account: Address): RewardClaim | undefined {
  const tree = rewardsTree(rewards);
  const index = tree.leaves.findIndex(({ key }, position) => position > 0 && key === rewardKey(account));
  const leaf = tree.leaves[index];
  if (!leaf) return undefined;
  const { amount, weight } = leaf;
  return { operator, rewards: commitmentOf(tree), account, amount, weight, index, proof: treeProof(tree, index) };
}
