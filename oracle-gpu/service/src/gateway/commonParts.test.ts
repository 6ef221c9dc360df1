import { parametersHash } from '@openledger/sdk';
import { expect, test } from 'vitest';
import type { MeasuredFidelity } from '../chain/fidelity.ts';
import { commonParts } from './commonParts.ts';
import type { ServedModel } from './resolveModel.ts';

const releaseHash = `0x${'7a'.repeat(32)}` as const;
const pool = `0x${'b1'.repeat(20)}` as const;
const fee = {
  ...{ feeVersion: 1, protocolFeeBps: 500, burnBps: 2_000, contributorCapBps: 5_000 },
  ...{ verbatimBps: 2_000, retrievalBps: 3_000, fidelityFloorBps: 5_000 },
};

function partsAt(lowBps: number | undefined) {
  const model = { release: { releaseHash, datanets: [{ datanetId: 4 }] }, termsVersion: 1, terms: {} } as unknown as ServedModel;
  const measured: MeasuredFidelity | undefined =
    lowBps === undefined ? undefined : { ldsBps: 6_000, lowBps, highBps: 9_000, runs: 24, attestedAt: 1, dataHash: releaseHash };
  return commonParts(
    {
      facts: { fee: async () => fee, datanet: async () => ({ pool, records: 12 }) },
      fidelities: { fidelityOf: async () => measured },
    },
    model,
  );
}

test('influence is paid by the lower bound that was attested, and by none where nothing was', async () => {
  expect((await partsAt(4_321)).parameters.fidelity).toEqual({ [releaseHash]: 4_321 });
  expect((await partsAt(undefined)).parameters.fidelity).toEqual({});
});

test('a measure that may be below zero counts as zero', async () => {
  expect((await partsAt(-250)).parameters.fidelity).toEqual({ [releaseHash]: 0 });
});

test('a number that is measured anew changes the parameters of the next receipt', async () => {
  const terms = {} as ServedModel['terms'];
  const model = { release: { releaseHash, datanets: [] }, termsVersion: 1, terms } as unknown as ServedModel;
  const facts = { fee: async () => fee, datanet: async () => ({ pool, records: 12 }) };
  const first = { ldsBps: 6_000, lowBps: 2_000, highBps: 9_000, runs: 24, attestedAt: 1, dataHash: releaseHash };
  const second = { ...first, lowBps: 3_000, runs: 48 };
  const [once, again, later] = [
    await commonParts({ facts, fidelities: { fidelityOf: async () => first } }, model),
    await commonParts({ facts, fidelities: { fidelityOf: async () => first } }, model),
    await commonParts({ facts, fidelities: { fidelityOf: async () => second } }, model),
  ];
  expect(again).toBe(once);
  expect(later.parameters.fidelity).toEqual({ [releaseHash]: 3_000 });
  expect(later.parametersHash).toBe(parametersHash(later.parameters));
  expect(later.parametersHash).not.toBe(once.parametersHash);
});
