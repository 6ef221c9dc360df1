import { expect, test } from 'vitest';
import { type DraftData, epochsFor, PRESETS, pricePerToken, specOf } from './draft.svelte.ts';
import { KINDS } from './kinds.ts';

const data: DraftData = {
  base: `0x${'1'.repeat(64)}`,
  datanets: [2, 1],
  preset: 'own',
  epochs: 3,
  learningRate: 0.001,
  kind: 'lora',
  rank: 8,
  batchSize: 8,
  maxLength: 256,
  heldOutEvery: 10,
  seed: 1,
  modelId: 0,
  name: '',
  description: '',
  contributors: 50,
  operator: 30,
  promptPrice: '',
  completionPrice: '',
};

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
