import type { Hex } from 'viem';
import type { BatchHeader } from '../settlement/batch.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import { allocationLeaves, receiptLeaf, rewardLeaf, sortReceipts } from '../settlement/batchTrees.ts';
import { type ChannelEntry, unpackChannelEntries } from '../settlement/channelEntries.ts';
import { channelId } from '../settlement/channelId.ts';
import type { Commitment, Leaf } from '../tree/nodes.ts';
import { type SumTree, treeAsGiven } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import { withSentinels } from '../tree/withSentinels.ts';

/** A settled batch with its trees as it committed them. One that its file does not open is undefined. */
export type OpenedBatch = {
  file: BatchFile;
  header: BatchHeader;
  channels: Hex;
  /** Of the channel list, in its order. */
  entries: readonly (ChannelEntry & { id: Hex })[];
  /** Receipts of the tree, the one behind leaf 1 first. */
  receipts: readonly SettledReceipt[];
  receiptsTree: SumTree | undefined;
  allocationsTree: SumTree | undefined;
  rewardsTree: SumTree | undefined;
};

const byKey = (a: Leaf, b: Leaf): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/**
 * Finds out which leaves a batch committed, in which order: first as the format asks, then as its file lists them, since a
 * wrong order is a fault that can only be proven with the very leaves that were hashed.
 */
export function openBatch(file: BatchFile, header: BatchHeader, channels: Hex): OpenedBatch {
  const { body } = header;
  const orders = [sortReceipts(file.receipts), file.receipts];
  const opened = orders.map((order) => ({ order, tree: treeOf(treeId.receipts, order.map(receiptLeaf), body.receipts) }));
  const found = opened.find(({ tree }) => tree);
  const positions = found ? [found.order, ...orders] : orders;
  const rewards = file.rewards.map(rewardLeaf);
  return {
    file,
    header,
    channels,
    entries: unpackChannelEntries(channels).map((entry) => ({ ...entry, id: channelId({ ...entry, operator: body.operator }) })),
    receipts: found?.order ?? orders[0] ?? [],
    receiptsTree: found?.tree,
    allocationsTree: firstTree(
      treeId.allocations,
      positions.flatMap((order) => [allocationLeaves(order).sort(byKey), allocationLeaves(order)]),
      body.allocations,
    ),
    rewardsTree: firstTree(treeId.rewards, [[...rewards].sort(byKey), rewards], header.rewards),
  };
}

/** The tree of these leaves between sentinels, if it is the committed one. */
export function treeOf(id: number, leaves: readonly Leaf[], committed: Commitment): SumTree | undefined {
  if (leaves.length + 2 !== committed.count) return undefined;
  try {
    const tree = treeAsGiven(id, withSentinels(leaves));
    const { root, amount, weight } = tree;
    return root === committed.root && amount === committed.amount && weight === committed.weight ? tree : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // a sum beyond 96 bits
    throw error;
  }
}

function firstTree(id: number, candidates: readonly Leaf[][], committed: Commitment): SumTree | undefined {
  for (const leaves of candidates) {
    const tree = treeOf(id, leaves, committed);
    if (tree) return tree;
  }
  return undefined;
}
