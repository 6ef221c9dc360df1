import {
  type Allocation,
  accuse,
  type Case,
  openBatch,
  readSettled,
  rewardLeaf,
  type SettledBatch,
  type SignedReceipt,
  settledEvents,
  treeId,
  treeOf,
} from '@openledger/sdk';
import type { Hex } from 'viem';
import type { Source } from '../chain/source.ts';
import type { Read } from './examine.ts';

/** What was seen elsewhere of an operator's receipts. */
export type Witness = { signed: readonly SignedReceipt[]; stated: ReadonlyMap<Hex, readonly Allocation[]> };

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

/** The batches before that one that are pending, in order: each is found by the hash that the next one names. */
async function pendingBefore(source: Source, fromBlock: bigint, batch: SettledBatch): Promise<SettledBatch[]> {
  const { client, contracts } = source;
  const { operator } = batch;
  const { finalized } = await client.readContract({ ...contracts.settlement, functionName: 'batches', args: [operator] });
  const earlier: SettledBatch[] = [];
  for (let at = batch; at.batchIndex > finalized + 1; ) {
    const of = { operator, batchIndex: at.batchIndex - 1, headerHash: at.header.body.previousHash };
    const [event] = await settledEvents(source, { fromBlock }, of);
    if (!event) break;
    at = await readSettled(source, event);
    earlier.unshift(at);
  }
  return earlier;
}
