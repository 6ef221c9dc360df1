import { type Address, decodeFunctionData, type Hex, hexToString, type PublicClient } from 'viem';
import { type paymentEscrowAbi, settlementAbi } from '../generated/abis.ts';
import type { BatchHeader } from '../settlement/batch.ts';
import type { Commitment } from '../tree/nodes.ts';

/** A batch as it was settled: everything of it that is on the chain. */
export type SettledBatch = {
  operator: Address;
  batchIndex: number;
  header: BatchHeader;
  /** What the chain stores for it. */
  headerHash: Hex;
  /** The packed channel entries. */
  channels: Hex;
  /** Rewards that the batch before committed; of no leaves for the first. */
  previousRewards: Commitment;
  dataCommitment: string;
  block: bigint;
};

/** The header of a batch is not where it can be read; trying again will not change that. */
export class UnreadableBatch extends Error {}

/** Where settled batches are read. */
export type SettlementSource = {
  client: Pick<PublicClient, 'getBlock' | 'getContractEvents' | 'getTransaction' | 'readContract'>;
  contracts: {
    settlement: { address: Address; abi: typeof settlementAbi };
    escrow: { address: Address; abi: typeof paymentEscrowAbi };
  };
};
export type SettledEvent = Awaited<ReturnType<typeof settledEvents>>[number];

/** Batches settled in a range of blocks, in the order of the chain. After a void a number is used again, a header hash never. */
export function settledEvents(
  { client, contracts }: SettlementSource,
  range: { fromBlock: bigint; toBlock?: bigint },
  of: { operator?: Address; batchIndex?: number | number[]; headerHash?: Hex } = {},
) {
  return client.getContractEvents({ ...contracts.settlement, eventName: 'BatchSettled', args: of, ...range, strict: true });
}

/** Reads a batch's header and channels from the transaction that settled it. Throws UnreadableBatch. */
export async function readSettled({ client }: SettlementSource, event: SettledEvent): Promise<SettledBatch> {
  const [transaction, block] = await Promise.all([
    client.getTransaction({ hash: event.transactionHash }),
    client.getBlock({ blockHash: event.blockHash }),
  ]);
  const { operator, batchIndex, headerHash, dataCommitment } = event.args;
  const call = decode(transaction.input);
  if (call?.functionName !== 'settle' || call.args[0].batchIndex !== batchIndex) {
    throw new UnreadableBatch(
      `Batch ${batchIndex} of ${operator} was settled through another contract: its header is not in the transaction and cannot be read.`,
    );
  }
  const [body, rewards, previous, channels] = call.args;
  return {
    operator,
    batchIndex,
    header: { body, rewards, settledAt: Number(block.timestamp) },
    headerHash,
    channels,
    previousRewards: previous.rewards,
    dataCommitment: hexToString(dataCommitment),
    block: event.blockNumber,
  };
}

function decode(input: Hex) {
  try {
    return decodeFunctionData({ abi: settlementAbi, data: input });
  } catch {
    return undefined; // another contract's function
  }
}
