import type { Address, ContractFunctionArgs, Hex } from 'viem';
import type { Allocation } from '../evidence/evidence.ts';
import type { fraudProofsAbi } from '../generated/abis.ts';
import type { IndexRows } from '../release/indexRows.ts';
import { type BatchHeader, bodyHash, emptyTree } from '../settlement/batch.ts';
import type { Receipt } from '../settlement/receipt.ts';
import { zeroHash } from '../tree/nodes.ts';
import type { SumTree } from '../tree/sumTree.ts';
import type { BatchFacts } from '../verify/batchFacts.ts';
import type { OpenedBatch } from './openBatch.ts';

/** A transaction that voids a batch. */
export type FraudProof = {
  /** Where it goes: proofs about evidence to EvidenceProofs, of withheld data to DataRequests, all others to FraudProofs. */
  contract?: 'EvidenceProofs' | 'DataRequests';
  /** As `provenFault` names it. */
  fault: string;
  /** What is wrong, in a sentence. */
  about: string;
  data: Hex;
};

export type SignedReceipt = { receipt: Receipt; signature: Hex };

/** Everything that proofs against one batch are built from. */
export type Case = {
  batch: OpenedBatch;
  accused: Accused;
  /** The operator's batch before, and its rewards if its file opens them. */
  previous?: { header: BatchHeader; rewardsTree: SumTree | undefined } | undefined;
  facts: BatchFacts;
  /** Receipts that the operator signed, wherever they were seen. */
  signed: readonly SignedReceipt[];
  /** Allocations that are known to be what a receipt states, by their hash. */
  stated: ReadonlyMap<Hex, readonly Allocation[]>;
  /** What opens the evidence of receipts, as far as their payers show it. */
  held?: Held | undefined;
};

/** What payers were given with their answers, and what releases published of their indexes. */
export type Held = {
  /** Queries by their root. */
  queries: ReadonlyMap<Hex, Int8Array>;
  /** Answers by the `outputHash` of their receipt. */
  answers: ReadonlyMap<Hex, HeldAnswer>;
  /** Rows by release hash. */
  rows: ReadonlyMap<Hex, IndexRows>;
  /** Tokens of records by their root; of whoever has the release's tokenizer. */
  tokens: ReadonlyMap<Hex, readonly number[]>;
};

export type HeldAnswer = { salt: Hex; answer: string; tokenIds: readonly number[] };

export type Accused = ContractFunctionArgs<typeof fraudProofsAbi, 'nonpayable', 'proveDisorder'>[0];
export type OpenedRewards = ContractFunctionArgs<typeof fraudProofsAbi, 'nonpayable', 'proveMisaccounting'>[1]['previous'];

/** @param earlier the operator's batches before it that are pending, in order */
export function accuse(header: BatchHeader, earlier: readonly BatchHeader[]): Accused {
  return { header: inWei(header), earlier: earlier.map(inWei) };
}

const inWei = ({ body, rewards, settledAt }: BatchHeader) => ({ body, rewards, settledAt: BigInt(settledAt) });

/** What opens the hash of the batch before; all zero before the first. */
export function openRewards(previous: BatchHeader | undefined): OpenedRewards {
  if (!previous) return { bodyHash: zeroHash, rewards: emptyTree, settledAt: 0n };
  const { body, rewards, settledAt } = previous;
  return { bodyHash: bodyHash(body), rewards, settledAt: BigInt(settledAt) };
}

/** First possible key of an account in trees 2 and 3, and the one after its last. */
export function keysOf(account: Address): { first: bigint; end: bigint } {
  const first = BigInt(account) << 96n;
  const end = first + (1n << 96n);
  return { first, end: end === 1n << 256n ? end - 1n : end };
}
