import { expect, test } from 'vitest';
import { applyChange } from './changes.ts';
import { pricePerToken } from './draft.svelte.ts';
import { type DraftData, INITIAL, readDraft } from './draftData.ts';
import { faultsOf, weightFaults } from './faults.ts';
import { KINDS } from './kinds.ts';
import { epochsFor, PRESETS } from './presets.ts';
import { draftFrom, specOf } from './spec.ts';

const data: DraftData = {
  ...INITIAL,
  base: `0x${'1'.repeat(64)}`,
  datanets: [2, 1],
  preset: 'own',
  learningRate: 0.001,
  batchSize: 8,
};
const versions = [
  { datanetId: 2, version: 1 },
  { datanetId: 1, version: 3 },
];

test('datanets are named in rising order, whatever the order they were chosen in', () => {
  const { datanets } = specOf(data, [
    { datanetId: 2, version: 1 },
    { datanetId: 1, version: 3 },
  ]);
  expect(datanets).toEqual([
    { datanetId: 1, version: 3 },
    { datanetId: 2, version: 1 },
  ]);
});

test('the adapter is of the kind that was chosen', () => {
  const versions = [{ datanetId: 1, version: 3 }];
  expect(KINDS.map((kind) => specOf({ ...data, kind }, versions).method.kind)).toEqual([...KINDS]);
});

test('a price per thousand tokens becomes wei per token', () => {
  expect(pricePerToken('0.02')).toBe(20_000_000_000_000n);
  expect(pricePerToken('free')).toBeUndefined();
});

test('a preset passes often over a small file and once over a large one', () => {
  expect(epochsFor(PRESETS.balanced, 209)).toBe(3);
  expect(epochsFor(PRESETS.quick, 209)).toBe(1);
  expect(epochsFor(PRESETS.thorough, 14)).toBe(12);
  expect(epochsFor(PRESETS.balanced, 20_000)).toBe(1);
  expect(epochsFor(PRESETS.balanced, 0)).toBe(12);
});

test('what was not changed makes the document that it made before there was more to choose', () => {
  expect(specOf(data, versions)).toEqual({
    baseModel: data.base,
    method: { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targetModules: 'all-linear' },
    training: {
      ...{ epochs: 3, learningRate: 0.001, batchSize: 8, maxLength: 256, seed: 1, heldOutEvery: 10 },
      ...{ heldOutBy: 'cluster', packing: true },
    },
    datanets: [
      { datanetId: 1, version: 3 },
      { datanetId: 2, version: 1 },
    ],
  });
});

const every: DraftData = {
  ...data,
  ...{ weights: { '1': 3 }, schedule: 'cosine', warmup: 10.5, kind: 'dora', alpha: 40, dropout: 0.1, targets: 'attention' },
  ...{ accumulate: 2, packing: false, patience: 3, checkpointEvery: 20, seed: 7, heldOutEvery: 5 },
};

test('every setting reaches the document, and an earlier job opens with all of them again', () => {
  const spec = specOf(every, versions);
  expect(spec.training).toMatchObject({ schedule: 'cosine', warmup: 0.105, accumulate: 2, patience: 3, checkpointEvery: 20 });
  expect(spec.datanets).toEqual([
    { datanetId: 1, version: 3, weight: 3 },
    { datanetId: 2, version: 1, weight: 1 },
  ]);
  const again: DraftData = { ...INITIAL, ...draftFrom(spec) };
  expect(specOf(again, versions)).toEqual(spec);
  const before = specOf(data, versions);
  expect(specOf({ ...every, ...draftFrom(before) }, versions)).toEqual(before);
});

test('weights that are alike, or of one datanet, make no mix', () => {
  const alike = { ...data, weights: { '1': 5, '2': 5 } };
  expect(specOf(alike, versions).datanets.every(({ weight }) => weight === undefined)).toBe(true);
  expect(specOf(every, versions.slice(1)).datanets).toEqual([{ datanetId: 1, version: 3 }]);
  expect([weightFaults({ weights: { '1': 0 } }, [1, 2]), weightFaults({ weights: { '1': 0 } }, [1])]).toEqual([true, false]);
});

test('a draft with a field that cannot be read loses that field alone', () => {
  expect(readDraft(JSON.stringify({ ...every, epochs: null, kind: 'full', from: 4 }))).toEqual({
    ...every,
    ...{ epochs: INITIAL.epochs, kind: INITIAL.kind, from: 4 },
  });
  for (const text of [null, 'no json', '7', 'null']) expect(readDraft(text)).toEqual(INITIAL);
});

test('settings that a training cannot have are named', () => {
  expect(faultsOf(every, { contextLength: 8192, records: 100 })).toEqual({});
  const wrong = { ...every, epochs: 0, learningRate: Number.NaN, batchSize: 2.5, maxLength: 9000, heldOutEvery: 1 };
  expect(faultsOf(wrong, { contextLength: 8192 })).toMatchObject({
    epochs: { code: 'range', least: 1, most: 20 },
    learningRate: { code: 'range' },
    batchSize: { code: 'range', isWhole: true },
    maxLength: { code: 'context', most: 8192 },
    heldOutEvery: { code: 'held_out_all' },
  });
  expect(faultsOf({ ...every, heldOutEvery: 0 }, {}).patience).toEqual({ code: 'patience_blind' });
  expect(faultsOf(every, { records: 4 }).patience).toEqual({ code: 'too_few_to_hold_out', records: 4 });
  expect(faultsOf(data, { records: 4 })).toEqual({});
});

test('a change that the engine advises is taken, and a smaller adapter keeps its strength', () => {
  const draft = { ...every, preset: 'balanced' as const };
  applyChange(draft, { set: { batchSize: 4, accumulate: 4 }, savesBytes: 5 });
  expect(draft).toMatchObject({ batchSize: 4, accumulate: 4, preset: 'own', alpha: 40 });
  applyChange(draft, { set: { rank: 4 } });
  expect(draft).toMatchObject({ rank: 4, alpha: 20 });
});
