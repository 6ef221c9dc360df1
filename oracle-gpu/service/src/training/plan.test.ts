import { expect, test } from 'vitest';
import type { GatheredRecord } from '../datanets/gather.ts';
import { checkpointsOf, planOf } from './estimate.ts';
import { type Spec, specSchema } from './spec.ts';

const spec: Spec = {
  baseModel: `0x${'1'.repeat(64)}`,
  method: { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targetModules: 'all-linear' },
  training: { epochs: 4, learningRate: 0.001, batchSize: 4, maxLength: 256, seed: 1, heldOutEvery: 10 },
  datanets: [
    { datanetId: 1, version: 1 },
    { datanetId: 2, version: 3 },
  ],
};
const records = [1, 2].map((datanetId) => ({
  recordId: `0x${String(datanetId).repeat(64)}`,
  cluster: `0x${String(datanetId).repeat(64)}`,
  messages: [{ role: 'user', content: 'a' }],
  datanetId,
})) as GatheredRecord[];

test('without weights a plan is what it was before there were any', () => {
  const plan = planOf(spec, records);
  expect(plan.training).toEqual(spec.training);
  expect(plan.records.map((record) => Object.keys(record))).toEqual(records.map(() => ['recordId', 'cluster', 'messages']));
});

test('with a weight the engine is told the mix, and of which datanet a record is', () => {
  const [first, second] = spec.datanets;
  const plan = planOf({ ...spec, datanets: [{ ...first, weight: 3 }, second] as Spec['datanets'] }, records);
  expect(plan.training.mix).toEqual([
    { datanet: 1, weight: 3 },
    { datanet: 2, weight: 1 },
  ]);
  expect(plan.records.map(({ datanet }) => datanet)).toEqual([1, 2]);
});

test('an operator promises the checkpoints that the engine will commit', () => {
  const of = (steps: number, training: Partial<Spec['training']> = {}) =>
    checkpointsOf({ ...spec, training: { ...spec.training, ...training } }, steps);
  expect(of(1)).toBe(1);
  expect(of(40)).toBe(2);
  expect(of(40, { checkpointEvery: 10 })).toBe(5); // 10, 15, 20, 30, 40
  expect(of(40, { checkpointEvery: 15 })).toBe(3); // 15, 30, 40
  expect(of(40, { patience: 1 })).toBe(5); // after each of four epochs, and 15
  expect(of(12, { checkpointEvery: 4 })).toBe(3); // 4.5 is rounded to 4
});

test('a specification that was written before keeps its meaning, and one that asks for nonsense is refused', () => {
  expect(specSchema.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  const asking = (training: object) => specSchema.safeParse({ ...spec, training: { ...spec.training, ...training } }).success;
  expect(asking({ accumulate: 4, schedule: 'cosine', packing: true, patience: 2, warmup: 0.1 })).toBe(true);
  expect(asking({ schedule: 'sudden' })).toBe(false);
  const on = (targetModules: string) => specSchema.safeParse({ ...spec, method: { ...spec.method, targetModules } }).success;
  expect([on('attention'), on('head')]).toEqual([true, false]);
  expect(asking({ accumulate: 0 })).toBe(false);
  expect(asking({ mix: [{ datanet: 1, weight: 1 }] })).toBe(false);
});
