import { type Address, type Hex, keccak256 } from 'viem';
import { allocationHash } from '../evidence/allocationHash.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import type { IndexLeaf } from '../release/release.ts';
import { type BatchHeader, dataCommitment, headerHash, parametersHash } from '../settlement/batch.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import { addRewards, allocationsTree, receiptsTree, rewardsTree, sortReceipts } from '../settlement/batchTrees.ts';
import { packChannelEntries } from '../settlement/channelEntries.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { type Receipt, signReceipt } from '../settlement/receipt.ts';
import { zeroHash } from '../tree/nodes.ts';
import { commitmentOf } from '../tree/sumTree.ts';
import type { BatchFacts } from './batchFacts.ts';
import { testContext, testOperator, testReceipt } from './testReceipt.ts';
import type { BatchContext } from './verifyBatch.ts';

export type TestBatch = {
  bundles: ReceiptBundle[];
  file: BatchFile;
  header: BatchHeader;
  context: BatchContext & { previousRewards: NonNullable<BatchContext['previousRewards']> };
  facts: BatchFacts;
};

/** An honest batch of receipts of `testReceipt`, all on one channel, with what it is recomputed from; for tests and benchmarks. */
export async function testBatch(size = 3, records = 3): Promise<TestBatch> {
  const made = await Promise.all(Array.from({ length: size }, (_, index) => testReceipt(index + 1, records)));
  const bundles = made.map(({ bundle }) => bundle);
  const [first] = made;
  if (!first) throw new Error('A batch has at least one receipt.');
  const { bundle } = first;
  const receipts = sortReceipts(bundles.map(settledPart));
  const { operator } = bundle.channel;
  const previousRewards = [{ account: bundle.developer, amount: 5n, weight: 6n }];
  const file: BatchFile = {
    version: 1,
    operator,
    batchIndex: 2,
    feeVersion: 1,
    dayIndex: bundle.dayIndex,
    parameters: bundle.parameters,
    receipts,
    rewards: addRewards(previousRewards, receipts),
  };
  const channels = await packChannels(operator, receipts);
  const header = headerOf(file, channels);
  const index: IndexLeaf[] = [];
  for (const { leaf } of bundle.indexProofs) index[leaf.position] = leaf;
  const release = {
    nullThreshold: bundle.release.nullThreshold,
    terms: new Map([[1, bundle.terms]]),
    owners: [{ account: bundle.developer, from: 0 }],
    datanets: bundle.parameters.poolSizes.map(({ datanetId }) => datanetId),
    index,
  };
  const hash = bundle.composition[0]?.releaseHash ?? zeroHash;
  return {
    bundles,
    file,
    header,
    context: { ...testContext, signer: testOperator.address, storedHeaderHash: headerHash(header), previousRewards },
    facts: {
      channels,
      policy: bundle.fee,
      releases: new Map([[hash, release]]),
      fidelities: new Map(),
      pools: new Map(bundle.parameters.poolSizes.map(({ datanetId, pool }) => [datanetId, pool])),
      firstDay: Math.floor(bundle.receipt.timestamp / 86_400) - bundle.dayIndex,
    },
  };
}

function settledPart({ receipt, signature, allocations, evidence, composition, channel }: ReceiptBundle): SettledReceipt {
  return { receipt, signature, allocations, evidence, composition, payer: channel.payer, signer: channel.signer };
}

/** The one channel of these receipts as `settle` takes it; nobody checks this voucher's signature. */
async function packChannels(operator: Address, receipts: readonly SettledReceipt[]): Promise<Hex> {
  const [first] = receipts;
  if (!first) throw new Error('A batch has at least one receipt.');
  return packChannelEntries(operator, [
    {
      payer: first.payer,
      signer: first.signer,
      collected: receipts.reduce((sum, { receipt }) => sum + receipt.fee, 0n),
      previousSequence: 0,
      lastSequence: receipts.length,
      cumulativeCeiling: 10n ** 24n,
      maxSequence: 0xffff_ffff,
      app: '0x0000000000000000000000000000000000000000',
      appMarkupBps: 0,
      expiry: 0xffff_ffff,
      signature: await testOperator.sign({ hash: zeroHash }),
    },
  ]);
}

/** The header that commits exactly this file, honest or not. */
export function headerOf(file: BatchFile, channels: Hex): BatchHeader {
  const receipts = commitmentOf(receiptsTree(file.receipts));
  return {
    body: {
      operator: file.operator,
      batchIndex: file.batchIndex,
      previousHash: zeroHash,
      receipts,
      allocations: commitmentOf(allocationsTree(file.receipts)),
      protocolFee: receipts.amount / 10n,
      feeVersion: file.feeVersion,
      dayIndex: file.dayIndex,
      parametersHash: parametersHash(file.parameters),
      channelsHash: keccak256(channels),
      dataHash: keccak256(dataCommitment('bafy')),
    },
    rewards: commitmentOf(rewardsTree(file.rewards)),
    settledAt: 1_800_000_100,
  };
}

/** The batch with its first receipt changed and signed anew, everything recommitted: what a lying operator settles. */
export async function falsify(
  batch: TestBatch,
  change: (
    settled: SettledReceipt,
  ) => { receipt?: Partial<Receipt>; allocations?: SettledReceipt['allocations'] } & Partial<Omit<SettledReceipt, 'receipt'>>,
): Promise<TestBatch> {
  const [honest, ...others] = batch.file.receipts;
  if (!honest) throw new Error('A batch has at least one receipt.');
  const { receipt: changed, ...parts } = change(honest);
  const allocations = parts.allocations ?? honest.allocations;
  const receipt = { ...honest.receipt, allocationHash: allocationHash(allocations), ...changed };
  const domain = openLedgerDomain(testContext.chainId, testContext.settlement);
  const signature = await signReceipt(testOperator, receipt, domain);
  const receipts = [{ ...honest, ...parts, allocations, receipt, signature }, ...others];
  const file = { ...batch.file, receipts, rewards: addRewards(batch.context.previousRewards, receipts) };
  const channels = await packChannels(file.operator, receipts);
  const header = headerOf(file, channels);
  return {
    ...batch,
    file,
    header,
    context: { ...batch.context, storedHeaderHash: headerHash(header) },
    facts: { ...batch.facts, channels },
  };
}
