import { expect, test } from 'vitest';
import { allocationHash } from '../evidence/allocationHash.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import { type ReceiptBundle, receiptBundleSchema } from '../gateway/receiptBundle.ts';
import { toJson } from '../schema/toJson.ts';
import { resign, testContext, testReceipt } from './testReceipt.ts';
import { verifyReceipt } from './verifyReceipt.ts';

async function failedChecks(bundle: ReceiptBundle): Promise<string[]> {
  const { facts } = await testReceipt();
  const { checks } = await verifyReceipt(bundle, { ...testContext, facts });
  return checks.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

test('an honest receipt passes every check, also after a journey through JSON', async () => {
  const { bundle, facts, index } = await testReceipt();
  const parsed = receiptBundleSchema.parse(JSON.parse(JSON.stringify(toJson(bundle))));
  const { ok, checks } = await verifyReceipt(parsed, { ...testContext, facts, rows: index });
  expect(checks.filter(({ status }) => status !== 'passed')).toEqual([]);
  expect(ok).toBe(true);
});

test('the public part passes with prompt and answer skipped', async () => {
  const { bundle } = await testReceipt();
  const { salt: _, messages: __, answer: ___, tokenIds: ____, query: _____, ...open } = bundle;
  const { ok, checks } = await verifyReceipt(open, testContext);
  expect(ok).toBe(true);
  expect(checks.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual([
    'signature',
    'prompt',
    'answer',
    'release',
    'terms',
    'fidelity',
    'query',
    'scores',
    'ranking',
  ]);
});

test('whatever is changed after signing is found', async () => {
  const { bundle } = await testReceipt();
  const change = (part: Partial<ReceiptBundle>): Promise<string[]> => failedChecks({ ...bundle, ...part });
  expect(await change({ answer: 'Another answer.' })).toEqual(['answer']);
  expect(await change({ messages: [{ role: 'user', content: 'x' }] })).toEqual(['prompt']);
  expect(await change({ trace: { seed: 2 } })).toEqual(['trace']);
  expect(await change({ receipt: { ...bundle.receipt, fee: bundle.receipt.fee + 10_000n } })).toEqual([
    'signature',
    'receiptHash',
    'fee',
    'sum',
  ]);
  expect(await change({ channel: { ...bundle.channel, payer: bundle.developer } })).toContain('channel');
  expect(await change({ release: { ...bundle.release, k: 5 } })).toEqual(['release', 'query']);
  expect(await change({ terms: { ...bundle.terms, completionPrice: 1n } })).toEqual(['terms', 'fee', 'allocation']);
  expect(await change({ fee: { ...bundle.fee, protocolFeeBps: 0 } })).toEqual(['terms', 'allocation', 'sum']);
});

test('an operator who signs a false contributor, score or split is found', async () => {
  const { bundle } = await testReceipt();
  const records = bundle.evidence.records.map((record, rank) =>
    rank === 0 ? { ...record, contributor: bundle.channel.operator } : record,
  );
  const evidence = { ...bundle.evidence, records };
  const falseContributor = await resign({
    ...bundle,
    evidence,
    receipt: { ...bundle.receipt, evidenceHash: evidenceHash(evidence) },
  });
  expect(await failedChecks(falseContributor)).toEqual(['index', 'allocation']);

  const allocations = bundle.allocations.map((item, index) => ({
    ...item,
    amount: index === 0 ? item.amount + 1n : index === 1 ? item.amount - 1n : item.amount,
  }));
  const falseSplit = await resign({
    ...bundle,
    allocations,
    receipt: { ...bundle.receipt, allocationHash: allocationHash(allocations) },
  });
  expect(await failedChecks(falseSplit)).toEqual(['allocation']);

  const lower = { ...bundle.evidence, nullThreshold: 0 };
  const falseThreshold = await resign({
    ...bundle,
    evidence: lower,
    receipt: { ...bundle.receipt, evidenceHash: evidenceHash(lower) },
  });
  expect(await failedChecks(falseThreshold)).toEqual(['index', 'allocation']);
});

test('a record without its index proof is found', async () => {
  const { bundle } = await testReceipt();
  expect(await failedChecks({ ...bundle, indexProofs: bundle.indexProofs.slice(1) })).toEqual(['index']);
});

test('another signer than the registered one is found', async () => {
  const { bundle, facts } = await testReceipt();
  const { checks } = await verifyReceipt(bundle, { ...testContext, facts: { ...facts, signer: bundle.developer } });
  expect(checks.find(({ name }) => name === 'signature')).toMatchObject({ status: 'failed' });
});

test('nonsense fails its check and throws nothing', async () => {
  const { bundle } = await testReceipt();
  const { ok, checks } = await verifyReceipt({ ...bundle, composition: [], signature: '0x00' }, testContext);
  expect(ok).toBe(false);
  expect(checks.find(({ name }) => name === 'signature')?.sentence).toContain('Could not be checked');
});
