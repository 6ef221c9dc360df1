import { type Address, type Hex, numberToHex } from 'viem';
import type { Allocation } from '../evidence/evidence.ts';
import { type Leaf, zeroHash } from '../tree/nodes.ts';
import { buildTree, type SumTree } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import { withSentinels } from '../tree/withSentinels.ts';
import { allocationKey, rewardKey } from './batch.ts';
import { receiptKey } from './channelId.ts';
import { type Receipt, receiptHash } from './receipt.ts';

type Settled = { receipt: Receipt; allocations: readonly Allocation[] };

const byKey = (a: Leaf, b: Leaf): number => (a.key < b.key ? -1 : 1);

/** Receipts in tree order: by channel192, then sequence. */
export function sortReceipts<T extends { receipt: Receipt }>(receipts: readonly T[]): T[] {
  const key = ({ receipt }: T): bigint => receiptKey(receipt.channel, receipt.sequence);
  return [...receipts].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Tree 1: (channel, sequence) → fee, weight 1. */
export function receiptsTree(receipts: readonly { receipt: Receipt }[]): SumTree {
  return buildTree(treeId.receipts, withSentinels(receipts.map(receiptLeaf)));
}

/** A receipt in tree 1. */
export function receiptLeaf({ receipt }: { receipt: Receipt }): Leaf {
  return { key: receiptKey(receipt.channel, receipt.sequence), data: receiptHash(receipt), amount: receipt.fee, weight: 1n };
}

/** Tree 2: (account, receipt) → amount, weight. `receipts` in tree order. */
export function allocationsTree(receipts: readonly Settled[]): SumTree {
  return buildTree(treeId.allocations, withSentinels(allocationLeaves(receipts).sort(byKey)));
}

/** The allocations of receipts in tree 2, receipt by receipt. */
export function allocationLeaves(receipts: readonly Settled[]): Leaf[] {
  return receipts.flatMap(({ receipt, allocations }, position) => {
    const data: Hex = numberToHex(receiptKey(receipt.channel, receipt.sequence), { size: 32 });
    return allocations.map(({ account, amount, weight }) => ({ key: allocationKey(account, position), data, amount, weight }));
  });
}

/** Rewards of all time after these receipts, by account. */
export function addRewards(previous: readonly Allocation[], receipts: readonly Settled[]): Allocation[] {
  const sums = new Map<Address, Allocation>();
  const add = ({ account, amount, weight }: Allocation): void => {
    const key = account.toLowerCase() as Address;
    const sum = sums.get(key);
    if (sum) Object.assign(sum, { amount: sum.amount + amount, weight: sum.weight + weight });
    else sums.set(key, { account: key, amount, weight });
  };
  previous.forEach(add);
  for (const { allocations } of receipts) allocations.forEach(add);
  return [...sums.values()].sort((a, b) => (a.account < b.account ? -1 : 1));
}

/** Tree 3: account → amount and weight of all time. */
export function rewardsTree(rewards: readonly Allocation[]): SumTree {
  return buildTree(treeId.rewards, withSentinels(rewards.map(rewardLeaf).sort(byKey)));
}

/** An account in tree 3. */
export function rewardLeaf({ account, amount, weight }: Allocation): Leaf {
  return { key: rewardKey(account), data: zeroHash, amount, weight };
}
