import { beforeAll, expect, test } from 'vitest';
import { findProofs } from '../proofs/findProofs.ts';
import { faultsOf } from '../verify/faults.ts';
import { recomputeBatch } from '../verify/recomputeBatch.ts';
import { verifyBatch } from '../verify/verifyBatch.ts';
import { caseOf, falseBatch, type Lie } from './falseBatch.ts';
import { honestBatch, type MadeBatch } from './honestBatch.ts';
import { composedMutations, mutations } from './mutations.ts';

let small: MadeBatch;
let large: MadeBatch;
beforeAll(async () => {
  small = await honestBatch('small', { receipts: 40, channels: 7, releases: 5 });
  large = await honestBatch('large', { receipts: 1_024, channels: 64, releases: 6 });
}, 120_000);

const faultsFound = (batch: MadeBatch, honest: MadeBatch): string[] =>
  findProofs(
    caseOf(
      batch,
      [],
      honest.file.receipts.map(({ allocations }) => allocations),
    ),
  ).map(({ fault }) => fault);

async function checksFailed({ file, header, context, facts }: MadeBatch): Promise<string[]> {
  const [verified, recomputed] = [await verifyBatch(file, header, context), await recomputeBatch(file, header, facts)];
  const failed = [...verified.checks, ...recomputed.checks].filter(({ status }) => status === 'failed');
  expect(faultsOf(failed).length > 0).toBe(failed.length > 0);
  return failed.map(({ name }) => name);
}

test('there are at least thirty, at least two for each fault', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(30);
  for (const [, fault] of mutations) expect(mutations.filter((other) => other[1] === fault).length).toBeGreaterThanOrEqual(2);
});

test.each(mutations)('%s: %s, in a batch of 40 receipts', async (_, fault, lie) => {
  const lying = await falseBatch(small, lie);
  expect(faultsFound(lying, small)).toContain(fault);
  expect(await checksFailed(lying)).not.toEqual([]);
});

/** One receipt of 1,024 lies, the last one that the lie is about. */
function alone(lie: Lie, { file }: MadeBatch): Lie {
  const { signed } = lie;
  if (!signed) return lie;
  const at = file.receipts.findLastIndex((item, position) => signed(item, position));
  return { ...lie, signed: (item, position) => (position === at ? signed(item, position) : undefined) };
}

test.each(mutations)(
  '%s: %s, once in a batch of 1,024 receipts and 64 channels',
  async (_, fault, lie) => {
    const lying = await falseBatch(large, alone(lie, large));
    expect(faultsFound(lying, large)).toContain(fault);
  },
  60_000,
);

test.each(composedMutations)('of several releases, %s: seen by the check %s', async (_, check, lie) => {
  const lying = await falseBatch(small, alone(lie, small));
  expect(await checksFailed(lying)).toContain(check);
});

test('what is settled otherwise than signed is proven by whoever holds the receipt', async () => {
  const [first] = small.file.receipts;
  if (!first) throw new Error('no receipts');
  const lying = await falseBatch(small, {
    signed: (_, position) => (position === 0 ? { receipt: { promptHash: first.receipt.outputHash } } : undefined),
  });
  expect(findProofs(caseOf(lying))).toEqual([]);
  expect(findProofs(caseOf(lying, [first])).map(({ fault }) => fault)).toEqual(['contradicted receipt']);
  expect(findProofs(caseOf(small, small.file.receipts))).toEqual([]);
});
