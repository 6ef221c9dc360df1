import {
  type Allocation,
  accuse,
  type Case,
  type Held,
  openBatch,
  pendingBefore,
  rewardLeaf,
  type SignedReceipt,
  treeId,
  treeOf,
} from '@openledger/sdk';
import type { Hex } from 'viem';
import type { Source } from '../chain/source.ts';
import type { Read } from './examine.ts';

/** What was seen elsewhere of an operator's receipts. */
export type Witness = {
  signed: readonly SignedReceipt[];
  stated: ReadonlyMap<Hex, readonly Allocation[]>;
  held?: Held | undefined;
};

/** Everything that proofs against a batch are built from, as the chain is now. */
export async function caseOf(source: Source, fromBlock: bigint, read: Read, witness: Witness): Promise<Case> {
  const { file, batch, previous, previousRewards, facts } = read;
  const earlier = await pendingBefore(source, fromBlock, batch);
  const rewards = [...(previousRewards ?? [])].map(rewardLeaf).sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    batch: openBatch(file, batch.header, batch.channels),
    accused: accuse(
      batch.header,
      earlier.map(({ header }) => header),
    ),
    previous: previous && {
      header: previous.header,
      rewardsTree: previousRewards && treeOf(treeId.rewards, rewards, previous.header.rewards),
    },
    facts,
    ...witness,
  };
}
