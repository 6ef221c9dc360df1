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
  return rewardClaims(operator, rewards, [account])[0];
}

/** The claims of several accounts, from one tree; accounts that the rewards do not name are left out. */
export function rewardClaims(operator: Address, rewards: readonly Allocation[], accounts: readonly Address[]): RewardClaim[] {
  const tree = rewardsTree(rewards);
  const wanted = new Map(accounts.map((account) => [rewardKey(account), account]));
  return tree.leaves.flatMap(({ key, amount, weight }, index) => {
    const account = index > 0 ? wanted.get(key) : undefined;
    if (!account) return [];
    return [{ operator, rewards: commitmentOf(tree), account, amount, weight, index, proof: treeProof(tree, index) }];
  });
}
