import {
  type Allocation,
  type BatchFacts,
  type BatchFile,
  type Check,
  type Commitment,
  type Deployment,
  faultsOf,
  readSettled,
  recomputeBatch,
  rewardsTree,
  type SettledBatch,
  type SettledEvent,
  settledEvents,
  verifyBatch,
} from '@openledger/sdk';
import type { Address } from 'viem';
import type { ChainClient } from '../chain/client.ts';
import type { Contracts } from '../chain/contracts.ts';
import type { Ipfs } from '../ipfs/client.ts';
import { FileMissing } from '../ipfs/readVerified.ts';
import { recoverSigner } from '../receipts/recover.ts';
import { MalformedData, readBatchData } from './batchData.ts';
import { channelSequences, openBatchFacts } from './batchFacts.ts';

/** What was found when a batch was looked at. `seconds` of computing, without waiting for chain and IPFS. */
export type Report = {
  operator: Address;
  batchIndex: number;
  receipts: number;
  checks: Check[];
  faults: string[];
  seconds: number;
  /** What it was recomputed from; absent where the file is withheld. */
  read?: Read;
};

/** A batch's file with everything that it is held against. */
export type Read = {
  file: BatchFile;
  batch: SettledBatch;
  previous: SettledBatch | undefined;
  previousRewards: Allocation[] | undefined;
  facts: BatchFacts;
};

export type Examiner = ReturnType<typeof openExaminer>;

/** Fetches a settled batch with everything it is held against, and recomputes all of it that is bit-exact. */
export function openExaminer(source: { client: ChainClient; contracts: Contracts; ipfs: Ipfs; deployment: Deployment }) {
  const { client, contracts, ipfs, deployment } = source;
  const startBlock = BigInt(deployment.startBlock);
  const batchFacts = openBatchFacts(source);

  /** By its hash, since after a void a number is used again. */
  async function previousOf({ operator, batchIndex, header }: SettledBatch): Promise<SettledBatch | undefined> {
    if (batchIndex === 1) return undefined;
    const of = { operator, batchIndex: batchIndex - 1, headerHash: header.body.previousHash };
    const [event] = await settledEvents(source, { fromBlock: startBlock }, of);
    return event && readSettled(source, event);
  }

  /** Rewards before the batch, if the file of the batch before is there and opens what that batch committed. */
  async function rewardsBefore(batch: SettledBatch, previous: SettledBatch | undefined): Promise<Allocation[] | undefined> {
    if (batch.batchIndex === 1) return [];
    if (!previous) return undefined;
    try {
      const { rewards } = await readBatchData(ipfs, previous.dataCommitment);
      return opens(rewards, batch.previousRewards) ? rewards : undefined;
    } catch (error) {
      if (error instanceof FileMissing || error instanceof MalformedData) return undefined;
      throw error;
    }
  }

  /** A read at the batch's block, or of today's state where the node no longer has that one. */
  async function signerOf({ operator, block }: SettledBatch): Promise<Address> {
    const call = { ...contracts.operators, functionName: 'signerOf', args: [operator] } as const;
    return client.readContract({ ...call, blockNumber: block }).catch(() => client.readContract(call));
  }

  /** Sequence of each channel before the batch, where the node still has that state. */
  async function sequencesBefore({ operator, channels, block }: SettledBatch, previous: SettledBatch | undefined) {
    if (previous?.block === block) return undefined; // both in one block: no state lies between them
    try {
      return await channelSequences(source, operator, channels, block - 1n);
    } catch {
      await client.getBlockNumber(); // a node that does not answer at all is an outage
      return undefined;
    }
  }

  async function factsOf(batch: SettledBatch, previous: SettledBatch | undefined, file: BatchFile): Promise<BatchFacts> {
    const [facts, sequences] = await Promise.all([
      batchFacts(file, batch.header.body.feeVersion, batch.channels),
      sequencesBefore(batch, previous),
    ]);
    return { ...facts, ...(sequences ? { sequences } : {}) };
  }

  /**
   * Throws what stood in the way of looking: IpfsUnreachable, FileMissing, an error of the chain's node. A file that is
   * there and is no batch file is a fault of the batch.
   */
  return async function examine(event: SettledEvent): Promise<Report> {
    const batch = await readSettled(source, event);
    const { operator, batchIndex, header, headerHash } = batch;
    const about = { operator, batchIndex, receipts: Number(header.body.receipts.weight) };
    let file: BatchFile;
    try {
      file = await readBatchData(ipfs, batch.dataCommitment);
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      return { ...about, ...verdict([withheld(error.message)]), seconds: 0 };
    }
    const previous = await previousOf(batch);
    const [previousRewards, signer, facts] = await Promise.all([
      rewardsBefore(batch, previous),
      signerOf(batch),
      factsOf(batch, previous, file),
    ]);
    const began = performance.now();
    const verified = await verifyBatch(file, header, {
      chainId: deployment.chainId,
      settlement: contracts.settlement.address,
      signer,
      storedHeaderHash: headerHash,
      previousRewards,
      recover: recoverSigner,
    });
    const recomputed = await recomputeBatch(file, header, facts);
    const seconds = (performance.now() - began) / 1000;
    const read = { file, batch, previous, previousRewards, facts };
    return { ...about, ...verdict([...verified.checks, ...recomputed.checks]), seconds, read };
  };
}

/** The check that fails when a batch's data is not to be had. */
export function withheld(sentence: string): Check {
  return { name: 'data', status: 'failed', sentence };
}

export function verdict(checks: Check[]): Pick<Report, 'checks' | 'faults'> {
  return { checks, faults: faultsOf(checks) };
}

/** Whether these rewards are what was committed; what is no tree at all is not. */
function opens(rewards: readonly Allocation[], committed: Commitment): boolean {
  try {
    const { root, count, amount, weight } = rewardsTree(rewards);
    return root === committed.root && count === committed.count && amount === committed.amount && weight === committed.weight;
  } catch {
    return false;
  }
}
