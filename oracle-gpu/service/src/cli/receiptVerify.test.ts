import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ReceiptBundle, toJson } from '@openledger/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testContext, testReceipt } from '../../../../sdk/src/verify/testReceipt.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'openledger-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const deployment = join(folder, 'deployment.json');
let bundle: ReceiptBundle;

beforeAll(async () => {
  ({ bundle } = await testReceipt());
  const contracts = { Settlement: testContext.settlement };
  writeFileSync(deployment, JSON.stringify({ chainId: testContext.chainId, startBlock: 0, deployedAt: 0, contracts }));
});

function save(content: string): string {
  const path = join(folder, 'receipt.json');
  writeFileSync(path, content);
  return path;
}

async function openledger(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [printed, complaints]: [string[], string[]] = [[], []];
  const code = await run(args, {
    print: (text) => void printed.push(`${text}\n`),
    complain: (text) => void complaints.push(`${text}\n`),
  });
  return { code, out: printed.join(''), err: complaints.join('') };
}

const verify = (changed: Partial<ReceiptBundle>, ...options: string[]) =>
  openledger('receipt', 'verify', save(JSON.stringify(toJson({ ...bundle, ...changed }))), ...options);

test('an honest bundle passes, and it says what needs the chain', async () => {
  const { code, out } = await verify({});
  expect(out).toMatch(/allocation +passed/);
  expect(out).toContain(
    'Nothing is wrong so far: 12 of 18 checks passed, 6 could not be made (signature, release, terms, fidelity, scores, ranking).',
  );
  expect(code).toBe(0);
});

test('with a deployment it says who signed', async () => {
  const { code, out } = await verify({}, '--deployment', deployment);
  expect(out).toMatch(/signature +skipped +Signed by 0x/);
  expect(code).toBe(0);
});

test('a whole answer of the gateway is read for its receipt', async () => {
  const answer = { id: 'chat-1', choices: [], receipt: toJson(bundle) };
  const { code } = await openledger('receipt', 'verify', save(JSON.stringify(answer)));
  expect(code).toBe(0);
});

test('each tampering fails the check that it belongs to', async () => {
  const { receipt, evidence, channel, release, terms, fee, allocations } = bundle;
  const [first, ...rest] = allocations;
  if (!first) throw new Error('no allocations');
  const swapped = evidence.records.map((record, rank) => (rank === 0 ? { ...record, contributor: channel.operator } : record));
  const tamperings: [string, Partial<ReceiptBundle>][] = [
    ['answer', { answer: 'Another answer.' }],
    ['answer', { tokenIds: [5, 6] }],
    ['prompt', { messages: [{ role: 'user', content: 'x' }] }],
    ['prompt, answer', { salt: receipt.promptHash }],
    ['trace', { trace: { seed: 2 } }],
    ['receiptHash, fee, sum', { receipt: { ...receipt, fee: receipt.fee + 10_000n } }],
    ['receiptHash, answer, fee, allocation', { receipt: { ...receipt, completionTokens: receipt.completionTokens + 1 } }],
    ['receiptHash', { receipt: { ...receipt, sequence: 9 } }],
    ['channel, allocation', { channel: { ...channel, payer: bundle.developer } }],
    ['release', { release: { ...release, baseModel: receipt.promptHash } }],
    ['release, query', { release: { ...release, k: 5 } }],
    ['query', { query: `0x${'01'.repeat(release.k)}` }],
    ['composition', { composition: bundle.composition.map((component) => ({ ...component, termsVersion: 2 })) }],
    ['fee, allocation', { terms: { ...terms, completionPrice: 1n } }],
    ['allocation', { developer: channel.operator }],
    ['allocation, sum', { fee: { ...fee, protocolFeeBps: 0 } }],
    ['allocation, sum', { allocations: [{ ...first, amount: first.amount + 1n }, ...rest] }],
    ['evidence, index, allocation', { evidence: { ...evidence, records: swapped } }],
    ['index', { indexProofs: bundle.indexProofs.slice(1) }],
  ];
  for (const [names, changed] of tamperings) {
    const { code, out } = await verify(changed);
    expect(out).toMatch(new RegExp(`This receipt is wrong: .*\\(${names}\\)\\.`));
    expect(code).toBe(1);
  }
});

test('what cannot be read is one sentence', async () => {
  const complaint = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await openledger(...args);
    expect([code, out]).toEqual([1, '']);
    expect(err.trim().split('\n')).toHaveLength(1);
    return err;
  };
  expect(await complaint('receipt', 'verify', join(folder, 'none.json'))).toContain('There is no file');
  expect(await complaint('receipt', 'verify', save('{'))).toContain('is no JSON');
  expect(await complaint('receipt', 'verify', save('{"receipt":{}}'))).toContain('is no receipt bundle');
  expect(await complaint('receipt', 'verify', save(JSON.stringify(toJson({ ...bundle, salt: '0x1' }))))).toContain('salt');
  expect(await complaint('receipt', 'verify')).toContain('takes 1 arguments, not 0');
  expect(await complaint('receipt', 'burn', 'x')).toContain('There is no command');
  expect(await complaint('receipt', 'verify', 'x', '--loud')).toContain('--loud');
  const nowhere = ['--rpc', 'http://127.0.0.1:1', '--deployment', deployment];
  expect(await complaint('receipt', 'verify', save(JSON.stringify(toJson(bundle))), ...nowhere)).toContain('No chain answers');
});

test('the help says what it takes to have faults proven on chain', async () => {
  const { code, out } = await openledger('watch', '--help');
  expect(code).toBe(0);
  expect(out).toContain('With a private key in OPENLEDGER_WATCH_KEY');
  expect((await openledger('--help')).out).toContain('openledger batch verify');
  expect((await openledger()).code).toBe(1);
});
