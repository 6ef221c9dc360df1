import { expect, test } from 'vitest';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import { zeroHash } from '../tree/nodes.ts';
import { faultsOf } from './faults.ts';
import { recomputeBatch } from './recomputeBatch.ts';
import { falsify, headerOf, type TestBatch, testBatch } from './testBatch.ts';
import { verifyBatch } from './verifyBatch.ts';

/** Names of the failed checks, and of the faults they show. */
async function found({ file, header, context, facts }: TestBatch): Promise<{ checks: string[]; faults: string[] }> {
  const [verified, recomputed] = [await verifyBatch(file, header, context), await recomputeBatch(file, header, facts)];
  const checks = [...verified.checks, ...recomputed.checks];
  return { checks: checks.filter(({ status }) => status === 'failed').map(({ name }) => name), faults: faultsOf(checks) };
}

test('an honest batch passes every check', async () => {
  const { file, header, facts } = await testBatch();
  const { ok, checks } = await recomputeBatch(file, header, facts);
  expect(checks.filter(({ status }) => status !== 'passed')).toEqual([]);
  expect(ok).toBe(true);
});

test('a split that the operator signs and settles, but that the evidence does not give, is found', async () => {
  const lying = await falsify(await testBatch(), ({ allocations: [first, second, ...rest] }) => {
    if (!first || !second) throw new Error('no allocations');
    return { allocations: [{ ...first, amount: first.amount + 1n }, { ...second, amount: second.amount - 1n }, ...rest] };
  });
  expect(await found(lying)).toEqual({ checks: ['allocation'], faults: ['allocation not what the evidence implies'] });
});

test('votes that the evidence does not give are found', async () => {
  const lying = await falsify(await testBatch(), ({ allocations: [first, ...rest] }) => {
    if (!first) throw new Error('no allocations');
    return { allocations: [{ ...first, weight: first.weight + 1n }, ...rest] };
  });
  expect((await found(lying)).checks).toEqual(['allocation']);
});

test('a fee above the price is found', async () => {
  const lying = await falsify(await testBatch(), ({ receipt: { fee } }) => ({ receipt: { fee: fee + 10_000n } }));
  expect((await found(lying)).faults).toContain('wrong price');
});

test('a record that is not what the index says is found', async () => {
  const lying = await falsify(await testBatch(), ({ evidence }) => {
    const records = evidence.records.map((record, rank) => (rank === 0 ? { ...record, rowRoot: record.recordId } : record));
    const changed = { ...evidence, records };
    return { evidence: changed, receipt: { evidenceHash: evidenceHash(changed) } };
  });
  expect(await found(lying)).toEqual({ checks: ['records'], faults: ['false record'] });
});

test('a channel that pays more than its receipts, or skips a sequence, is found', async () => {
  const batch = await testBatch();
  const larger = batch.facts.channels.replace(/^(0x.{80}.{23})./, '$1f') as TestBatch['facts']['channels'];
  const overcharged = { ...batch, facts: { ...batch.facts, channels: larger } };
  expect((await found({ ...overcharged, header: headerOf(batch.file, larger) })).checks).toContain('channels');
  const sequences = new Map([[batch.file.receipts[0]?.receipt.channel ?? '0x', 1]]);
  expect(await found({ ...batch, facts: { ...batch.facts, sequences } })).toEqual({
    checks: ['channels'],
    faults: ['overcharged channel'],
  });
});

test('a pool, cap or burned share of the operator’s own is found', async () => {
  const batch = await testBatch();
  const elsewhere = { ...batch.facts, pools: new Map([[1, batch.file.operator]]) };
  expect((await found({ ...batch, facts: elsewhere })).checks).toEqual(['policy']);
  const policy = { ...batch.facts.policy, contributorCapBps: 1 };
  expect((await found({ ...batch, facts: { ...batch.facts, policy } })).checks).toEqual(['policy', 'allocation']);
});

test('a fidelity of the operator’s own is found', async () => {
  const batch = await testBatch();
  const [hash = zeroHash] = batch.facts.releases.keys();
  const fidelities = new Map([[hash, { lowBps: 3_000, attestedAt: 1 }]]);
  expect(await found({ ...batch, facts: { ...batch.facts, fidelities } })).toEqual({
    checks: ['fidelity'],
    faults: ['influence paid by another fidelity than was attested'],
  });
});

test('an owner of the model counts while it owned it', async () => {
  const batch = await testBatch();
  const [entry] = batch.facts.releases;
  const account = entry?.[1].owners[0]?.account;
  if (!entry || !account) throw new Error('no owner');
  const [hash, release] = entry;
  const owned = (owners: { account: `0x${string}`; from: number }[]) =>
    found({ ...batch, facts: { ...batch.facts, releases: new Map([[hash, { ...release, owners }]]) } });
  const buyer = batch.file.operator;
  expect(
    (
      await owned([
        { account, from: 0 },
        { account: buyer, from: 1_800_000_050 },
      ])
    ).checks,
  ).toEqual([]);
  expect(
    (
      await owned([
        { account, from: 0 },
        { account: buyer, from: 1_700_000_000 },
      ])
    ).checks,
  ).toEqual(['allocation']);
});

test('what cannot be fetched is said, not passed', async () => {
  const batch = await testBatch();
  const releases = new Map([...batch.facts.releases].map(([hash, { index: _, datanets: __, ...rest }]) => [hash, rest]));
  const { ok, checks } = await recomputeBatch(batch.file, batch.header, { ...batch.facts, releases });
  expect(ok).toBe(true);
  expect(checks.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual(['policy', 'records']);
  const unknown = await recomputeBatch(batch.file, batch.header, { ...batch.facts, releases: new Map() });
  expect(unknown.checks.filter(({ status }) => status === 'failed').map(({ name }) => name)).toEqual([
    'price',
    'records',
    'allocation',
  ]);
});
