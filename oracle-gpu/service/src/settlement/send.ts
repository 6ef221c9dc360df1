import {
  allocationsTree,
  type BatchFile,
  type BatchHeader,
  batchHeaderSchema,
  batchParametersSchema,
  bodyHash,
  type ChannelEntry,
  commitmentOf,
  dataCommitment,
  emptyTree,
  headerHash,
  packChannelEntries,
  parametersHash,
  receiptsTree,
  rewardsTree,
  settledReceiptSchema,
  sortReceipts,
  verifyBatch,
  zeroHash,
} from '@openledger/sdk';
import { eq, inArray } from 'drizzle-orm';
import { type Address, type Hex, keccak256 } from 'viem';
import { z } from 'zod';
import { RefusedTransaction } from '../chain/outbox.ts';
import { type Context, now } from '../context.ts';
import { batches, receipts, sessions } from '../db/schema.ts';
import { type BatchRow, dissolveFrom, rewardsSchema } from './build.ts';
import { pinBatch } from './file.ts';

export const settlePurpose = (batchIndex: number): string => `settle:${batchIndex}`;

const storedReceipt = z.looseObject({ channel: z.looseObject({ payer: z.string(), signer: z.string() }) });

/** A built batch as its file, receipts in tree order. */
export async function fileOf({ db, chain }: Pick<Context, 'db' | 'chain'>, row: BatchRow, dayIndex: number): Promise<BatchFile> {
  const rows = await db.select().from(receipts).where(eq(receipts.batchIndex, row.batchIndex));
  const settled = rows.map(({ bundle, signature }) => {
    const { channel, receipt, allocations, evidence, composition } = storedReceipt.parse(bundle);
    return settledReceiptSchema.parse({
      receipt,
      allocations,
      evidence,
      composition,
      signature,
      payer: channel.payer,
      signer: channel.signer,
    });
  });
  return {
    version: 1,
    operator: chain.operator,
    batchIndex: row.batchIndex,
    feeVersion: row.feeVersion,
    dayIndex,
    parameters: batchParametersSchema.parse(row.parameters),
    receipts: sortReceipts(settled),
    rewards: rewardsSchema.parse(row.rewards),
  };
}

/**
 * Pins a batch, checks it as anyone would, and sends it to be settled. A batch that the chain refuses is taken apart:
 * its receipts go into a later one.
 * @returns whether it was sent
 */
export async function sendBatch(context: Context, row: BatchRow): Promise<boolean> {
  const { db, chain, outbox, ipfs, log } = context;
  const [today, previous] = await Promise.all([
    chain.client.readContract({ ...chain.contracts.settlement, functionName: 'dayIndex' }),
    previousOf(context, row.batchIndex),
  ]);
  // The chain takes today or yesterday; receipts that waited longer keep the weights of their own day.
  const dayIndex = Math.max(row.dayIndex, today - 1);
  const file = await fileOf(context, row, dayIndex);
  const dataCid = await pinBatch(ipfs, file);
  const channels = packChannelEntries(chain.operator, await entriesOf(context, file));
  const receiptsRoot = commitmentOf(receiptsTree(file.receipts));
  const rewards = commitmentOf(rewardsTree(file.rewards));
  const { protocolFeeBps } = await chain.client.readContract({
    ...chain.contracts.fees,
    functionName: 'fee',
    args: [row.feeVersion],
  });
  const commitment = dataCommitment(dataCid);
  const body = {
    operator: chain.operator,
    batchIndex: row.batchIndex,
    previousHash: previous ? headerHash(previous) : zeroHash,
    receipts: receiptsRoot,
    allocations: commitmentOf(allocationsTree(file.receipts)),
    protocolFee: (receiptsRoot.amount * BigInt(protocolFeeBps)) / 10_000n,
    feeVersion: row.feeVersion,
    dayIndex,
    parametersHash: parametersHash(file.parameters),
    channelsHash: keccak256(channels),
    dataHash: keccak256(commitment),
  };
  const header: BatchHeader = { body, rewards, settledAt: now() };
  const verified = await verifyBatch(file, header, {
    chainId: chain.chainId,
    settlement: chain.contracts.settlement.address,
    signer: chain.account.address,
    storedHeaderHash: headerHash(header),
    previousRewards: await rewardsBefore(context, row.batchIndex),
  });
  if (!verified.ok) {
    const wrong = verified.checks.filter(({ status }) => status === 'failed').map(({ sentence }) => sentence);
    throw new Error(`Batch ${row.batchIndex} fails its own check and is not sent: ${wrong.join(' ')}`);
  }
  await db.update(batches).set({ dataCid, dayIndex }).where(eq(batches.batchIndex, row.batchIndex));
  const opening = previous
    ? { bodyHash: bodyHash(previous.body), rewards: previous.rewards, settledAt: BigInt(previous.settledAt) }
    : { bodyHash: zeroHash, rewards: emptyTree, settledAt: 0n };
  try {
    await outbox.send(settlePurpose(row.batchIndex), {
      ...chain.contracts.settlement,
      functionName: 'settle',
      args: [body, rewards, opening, channels, commitment],
    });
  } catch (error) {
    if (!(error instanceof RefusedTransaction)) throw error;
    log.warn({ batchIndex: row.batchIndex, reason: error.message }, 'the batch is refused: taking it apart');
    await dissolveFrom(context, row.batchIndex);
    return false;
  }
  return true;
}

/** The header of the batch before, as the chain settled it. */
async function previousOf({ db }: Context, batchIndex: number): Promise<BatchHeader | undefined> {
  if (batchIndex === 1) return undefined;
  const [row] = await db
    .select()
    .from(batches)
    .where(eq(batches.batchIndex, batchIndex - 1));
  if (!row?.header) throw new Error(`Batch ${batchIndex - 1} is not settled yet.`);
  return batchHeaderSchema.parse(row.header);
}

async function rewardsBefore({ db }: Context, batchIndex: number) {
  const [row] = await db
    .select()
    .from(batches)
    .where(eq(batches.batchIndex, batchIndex - 1));
  return row ? rewardsSchema.parse(row.rewards) : [];
}

/** What the batch collects per channel, with the latest voucher of each. */
async function entriesOf({ db }: Context, file: BatchFile): Promise<ChannelEntry[]> {
  type Sum = Pick<ChannelEntry, 'collected' | 'previousSequence' | 'lastSequence'>;
  const sums = new Map<string, Sum>();
  for (const { receipt } of file.receipts) {
    const before = sums.get(receipt.channel);
    sums.set(receipt.channel, {
      collected: (before?.collected ?? 0n) + receipt.fee,
      previousSequence: before?.previousSequence ?? receipt.sequence - 1,
      lastSequence: receipt.sequence,
    });
  }
  const rows = await db
    .select()
    .from(sessions)
    .where(inArray(sessions.channel, [...sums.keys()]));
  return rows.map((row) => ({
    payer: row.payer as Address,
    signer: row.signer as Address,
    ...(sums.get(row.channel) as Sum),
    cumulativeCeiling: row.ceiling,
    maxSequence: row.maxSequence,
    app: row.app as Address,
    appMarkupBps: row.appMarkupBps,
    expiry: row.expiry,
    signature: row.signature as Hex,
  }));
}
