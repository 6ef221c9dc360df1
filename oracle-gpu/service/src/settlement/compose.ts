import {
  type BatchFile,
  type BatchHeader,
  batchHeaderSchema,
  batchParametersSchema,
  type ChannelEntry,
  dataCommitment,
  emptyTree,
  headerHash,
  packChannelEntries,
  parametersHash,
  settledReceiptSchema,
  sortReceipts,
  zeroHash,
} from '@openledger/sdk';
import { and, eq, inArray, ne } from 'drizzle-orm';
import { type Address, type Hex, keccak256 } from 'viem';
import { z } from 'zod';
import { type Context, now } from '../context.ts';
import { batches, type receipts, sessions } from '../db/schema.ts';
import { inTurns } from '../inTurns.ts';
import { wholeBundle } from '../receipts/evidence.ts';
import type { LoadedRelease } from '../releases.ts';
import { channelSequences, openBatchFacts } from '../watchtower/batchFacts.ts';
import { type CheckInput, onlyUsed, type Roots } from './batchThread.ts';
import { type NewBatch, rewardsSchema } from './build.ts';

type Composer = Pick<Context, 'db' | 'chain' | 'config' | 'ipfs' | 'releases'>;
type Stored = Pick<typeof receipts.$inferSelect, 'bundle' | 'releaseHash' | 'signature'>;

/** A batch as it will be settled, but for the time, which the contract adds. */
export type Composed = { header: BatchHeader; channels: Hex; commitment: Hex; previous: BatchHeader | undefined };

const storedReceipt = z.looseObject({ channel: z.looseObject({ payer: z.string(), signer: z.string() }) });

/** A batch as its file, receipts in tree order, of a day that the chain takes. */
export async function fileOf(
  { chain, releases }: Pick<Context, 'chain' | 'releases'>,
  batch: NewBatch,
  stored: readonly Stored[],
): Promise<BatchFile> {
  const hashes = [...new Set(stored.map(({ releaseHash }) => releaseHash))];
  const served = new Map(await Promise.all(hashes.map(async (hash) => [hash, await releases.ofReceipt(hash)] as const)));
  const settled = await inTurns(stored, ({ bundle, releaseHash, signature }) => {
    const whole = wholeBundle(served.get(releaseHash) as LoadedRelease, bundle);
    const { channel, receipt, allocations, evidence, composition } = storedReceipt.parse(whole);
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
  const today = await chain.client.readContract({ ...chain.contracts.settlement, functionName: 'dayIndex' });
  return {
    version: 1,
    operator: chain.operator,
    batchIndex: batch.batchIndex,
    feeVersion: batch.feeVersion,
    // The chain takes today or yesterday; receipts that waited longer keep the weights of their own day.
    dayIndex: Math.max(batch.dayIndex, today - 1),
    parameters: batchParametersSchema.parse(batch.parameters),
    receipts: sortReceipts(settled),
    rewards: rewardsSchema.parse(batch.rewards),
  };
}

/**
 * @param dataCid of the pinned file
 * @param roots of its trees
 */
export async function composeBatch(context: Composer, file: BatchFile, dataCid: string, roots: Roots): Promise<Composed> {
  const { chain } = context;
  const previous = await previousOf(context, file.batchIndex);
  const channels = packChannelEntries(chain.operator, await entriesOf(context, file));
  const { protocolFeeBps } = await chain.client.readContract({
    ...chain.contracts.fees,
    functionName: 'fee',
    args: [file.feeVersion],
  });
  const commitment = dataCommitment(dataCid);
  const body = {
    operator: chain.operator,
    batchIndex: file.batchIndex,
    previousHash: previous ? headerHash(previous) : zeroHash,
    receipts: roots.receipts,
    allocations: roots.allocations,
    protocolFee: (roots.receipts.amount * BigInt(protocolFeeBps)) / 10_000n,
    feeVersion: file.feeVersion,
    dayIndex: file.dayIndex,
    parametersHash: parametersHash(file.parameters),
    channelsHash: keccak256(channels),
    dataHash: keccak256(commitment),
  };
  // By the chain's clock where that is ahead: a model sold at a time that ours has not reached has its new owner already.
  const { timestamp } = await chain.client.getBlock();
  const header = { body, rewards: roots.rewards, settledAt: Math.max(now(), Number(timestamp)) };
  return { header, channels, commitment, previous };
}

/** What never changes of a release is read once. */
const factsOf = new WeakMap<Context['chain'], ReturnType<typeof openBatchFacts>>();

/** What a batch of one's own is checked against, before it is settled. */
export async function checkInputOf(context: Composer, file: BatchFile, composed: Composed): Promise<CheckInput> {
  const { chain, ipfs, config, db } = context;
  const { client, contracts, operator, chainId } = chain;
  const { header, channels } = composed;
  const facts = factsOf.get(chain) ?? openBatchFacts({ client, contracts, ipfs, deployment: config.deployment });
  factsOf.set(chain, facts);
  const [found, sequences, signer, before] = await Promise.all([
    facts(file, file.feeVersion, channels),
    channelSequences(chain, operator, channels),
    client.readContract({ ...contracts.operators, functionName: 'signerOf', args: [operator] }),
    rewardsBefore(db, file.batchIndex),
  ]);
  const checked = { chainId, settlement: contracts.settlement.address, signer, storedHeaderHash: headerHash(header) };
  return {
    header,
    context: { ...checked, previousRewards: before },
    facts: onlyUsed({ ...found, sequences }, file),
    rewardsBefore: composed.previous?.rewards ?? emptyTree,
  };
}

/** The header of the batch before, as the chain settled it. */
async function previousOf({ db }: Pick<Context, 'db'>, batchIndex: number): Promise<BatchHeader | undefined> {
  if (batchIndex === 1) return undefined;
  const [row] = await db
    .select()
    .from(batches)
    .where(and(eq(batches.batchIndex, batchIndex - 1), ne(batches.status, 'voided')));
  if (!row?.header) throw new Error(`Batch ${batchIndex - 1} is not settled yet, or void and not yet refunded.`);
  return batchHeaderSchema.parse(row.header);
}

async function rewardsBefore(db: Context['db'], batchIndex: number) {
  const [row] = await db
    .select()
    .from(batches)
    .where(eq(batches.batchIndex, batchIndex - 1));
  return row ? rewardsSchema.parse(row.rewards) : [];
}

/** What the batch collects per channel, with the latest voucher of each. */
async function entriesOf({ db }: Pick<Context, 'db'>, file: BatchFile): Promise<ChannelEntry[]> {
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
