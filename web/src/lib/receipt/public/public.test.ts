import {
  addRewards,
  type BatchFile,
  batchFileSchema,
  indexTree,
  packChannelEntries,
  type ReceiptBundle,
  settlementAbi,
  verifyReceipt,
} from '@openledger/sdk';
import { type Address, encodeFunctionData, type Hex, zeroAddress, zeroHash } from 'viem';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { resign, testContext, testIndex, testReceipt } from '../../../../../sdk/src/verify/testReceipt.ts';
import type { SettledReceipt } from '../types.ts';
import { parseBatchFile } from './batchFile.ts';
import { bundleFrom, ownerAt } from './bundle.ts';
import { readReleaseFiles } from './releaseFiles.ts';
import { readSettleCall, type SettleCall } from './settleCall.ts';
import { withhold } from './verifyPublic.ts';

/** Checks whose inputs are never public. */
const PRIVATE = ['prompt', 'answer', 'trace', 'query', 'scores', 'ranking'];

/** The rows behind the index of `testReceipt`. */
const indexRows = () => testIndex().rows.map((row) => ({ ...row, contributionId: 4, datanetId: 1 }));

function fileOf({
  receipt,
  signature,
  allocations,
  evidence,
  composition,
  channel,
  parameters,
  dayIndex,
}: ReceiptBundle): BatchFile {
  const entry = {
    receipt,
    signature,
    allocations,
    evidence,
    composition,
    payer: channel.payer,
    signer: channel.signer,
  };
  return {
    version: 1,
    operator: channel.operator,
    batchIndex: 2,
    feeVersion: 1,
    dayIndex,
    parameters,
    receipts: [entry],
    rewards: addRewards([], [entry]),
  };
}

const entryOf = ({ channel, receipt }: ReceiptBundle, app: Address = zeroAddress) => ({
  payer: channel.payer,
  signer: channel.signer,
  collected: receipt.fee,
  previousSequence: receipt.sequence - 1,
  lastSequence: receipt.sequence,
  cumulativeCeiling: receipt.fee,
  maxSequence: 10,
  app,
  appMarkupBps: 0,
  expiry: 2_000_000_000,
  signature: `0x${'11'.repeat(32)}${'22'.repeat(32)}1b` as Hex,
});

/** What the subgraph says of it, as far as a bundle needs it. */
function settledOf({ receiptHash, developer }: ReceiptBundle): SettledReceipt {
  const model = { owner: { id: developer }, transfers: [] };
  return {
    receiptHash,
    composition: [{ release: { model } }],
    batch: { status: 'PENDING' },
  } as unknown as SettledReceipt;
}

async function publicly(bundle: ReceiptBundle, call: SettleCall | undefined) {
  const { facts } = await testReceipt();
  const file = await parseBatchFile(JSON.stringify(z.encode(batchFileSchema, fileOf(bundle))), () => Promise.reject());
  const [entry] = file.receipts;
  if (!entry) throw new Error('no receipt');
  const settled = settledOf(bundle);
  const parts = { settled, file, entry, call, release: bundle.release, rows: indexRows(), texts: new Map() };
  const made = bundleFrom({ ...parts, terms: facts.terms, fee: facts.policy });
  const { checks } = await verifyReceipt(made.bundle, { ...testContext, facts });
  return { ...made, checks: withhold(checks, ['trace'], 'private') };
}

const callOf = (bundle: ReceiptBundle): SettleCall => ({
  body: {} as SettleCall['body'],
  rewards: {} as SettleCall['rewards'],
  previousRewardsRoot: zeroHash,
  channels: [entryOf(bundle)],
});

test('an honest receipt put together from public parts passes every check that needs no secret', async () => {
  const { bundle } = await testReceipt();
  const { checks, computable, drawable } = await publicly(bundle, callOf(bundle));
  expect(
    checks
      .filter(({ status }) => status !== 'passed')
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...PRIVATE].sort());
  expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
  expect([computable, drawable]).toEqual([true, true]);
});

test('an overcharged receipt is found, though its operator signed it', async () => {
  const { bundle } = await testReceipt();
  const dear = await resign({ ...bundle, receipt: { ...bundle.receipt, fee: bundle.receipt.fee + 10_000n } });
  const { checks } = await publicly(dear, callOf(dear));
  const failed = checks.filter(({ status }) => status === 'failed').map(({ name }) => name);
  expect(failed).toContain('fee');
  expect(failed).toContain('sum');
});

test('without the settlement’s channels the application is unknown, and nothing is computed', async () => {
  const { bundle } = await testReceipt();
  const { computable, drawable } = await publicly(bundle, undefined);
  expect([computable, drawable]).toEqual([false, false]);
});

test('a batch in pages is put together in order', async () => {
  const { bundle } = await testReceipt();
  const whole = z.encode(batchFileSchema, fileOf(bundle));
  const pages: Record<string, unknown> = { a: { receipts: whole.receipts }, b: { receipts: whole.receipts } };
  const text = JSON.stringify({ ...whole, receipts: [], pages: ['a', 'b'] });
  const file = await parseBatchFile(text, async (cid) => JSON.stringify(pages[cid]));
  expect(file.receipts.map(({ receipt }) => receipt.sequence)).toEqual([1, 1]);
  expect(file.receipts[0]?.receipt.fee).toBe(bundle.receipt.fee);
});

test('a file that is no batch is refused', async () => {
  await expect(parseBatchFile('{"receipts":[{}]}', () => Promise.reject())).rejects.toThrow();
});

test('a release’s fields and rows come from the two files of its manifest', async () => {
  const { bundle } = await testReceipt();
  const files: Record<string, unknown> = {
    manifest: { release: bundle.release, indexCid: 'index', fidelity: { status: 'provisional' } },
    index: { rows: indexRows().map((row) => ({ ...row, reviewer: zeroAddress })) },
  };
  const { release, rows } = await readReleaseFiles('manifest', async (cid) => JSON.stringify(files[cid]));
  expect(indexTree(rows).root).toBe(release.indexRoot);
});

describe('readSettleCall', () => {
  const tree = (amount: bigint) => ({ root: zeroHash, count: 2, amount, weight: 1n });
  test('reads header and channels back from a settlement’s call', async () => {
    const { bundle } = await testReceipt();
    const body = {
      operator: bundle.channel.operator,
      batchIndex: 2,
      previousHash: zeroHash,
      receipts: tree(10n),
      allocations: tree(9n),
      protocolFee: 1n,
      feeVersion: 1,
      dayIndex: 3,
      parametersHash: zeroHash,
      channelsHash: zeroHash,
      dataHash: zeroHash,
    };
    const root: Hex = `0x${'07'.repeat(32)}`;
    const previous = { bodyHash: zeroHash, rewards: { ...tree(4n), root }, settledAt: 5n };
    const channels = packChannelEntries(bundle.channel.operator, [entryOf(bundle)]);
    const args = [body, tree(13n), previous, channels, '0x1234'] as const;
    const call = readSettleCall(encodeFunctionData({ abi: settlementAbi, functionName: 'settle', args }));
    expect(call?.body.receipts.amount).toBe(10n);
    expect(call?.rewards.amount).toBe(13n);
    expect(call?.previousRewardsRoot).toBe(root);
    expect(call?.channels[0]?.payer).toBe(bundle.channel.payer);
  });
  test('another call is none', () => {
    expect(readSettleCall('0x')).toBeUndefined();
    expect(readSettleCall('0x12345678')).toBeUndefined();
    expect(
      readSettleCall(encodeFunctionData({ abi: settlementAbi, functionName: 'batches', args: [zeroAddress] })),
    ).toBeUndefined();
  });
});

test('who owned a model is who received it last before', () => {
  const [a, b] = ['0x0a', '0x0b'].map((id) => ({ id: id as Address })) as [{ id: Address }, { id: Address }];
  const transfers = [
    { timestamp: '200', to: b },
    { timestamp: '100', to: a },
  ];
  expect(ownerAt({ owner: b, transfers }, 150)).toBe('0x0a');
  expect(ownerAt({ owner: b, transfers }, 200)).toBe('0x0b');
  expect(ownerAt({ owner: b, transfers: [] }, 1)).toBe('0x0b');
});

test('withheld checks say nothing, whatever they found', () => {
  const checks = [
    { name: 'trace', status: 'failed' as const, sentence: 'no' },
    { name: 'fee', status: 'passed' as const, sentence: 'yes' },
  ];
  expect(withhold(checks, ['trace'], 'why')).toEqual([{ name: 'trace', status: 'skipped', sentence: 'why' }, checks[1]]);
});
