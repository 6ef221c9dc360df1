import type { SettledCall } from '@openledger/sdk/graph';
import { expect, test } from 'vitest';
import { byModel, withoutLinked } from './byModel.ts';

const [owner, developer, operator, stranger] = ['0xaa', '0xbb', '0xcc', '0xdd'] as const;
const party = (id: `0x${string}`) => ({ id, firstFunder: null });
type Part = { model: string; weightBps: number };

function call(payer: `0x${string}` | null, fee: string, parts: Part[]): SettledCall {
  return {
    id: '0x01',
    fee,
    timestamp: '0',
    payer: payer === null ? null : party(payer),
    batch: { operatorAccount: party(operator) },
    composition: parts.map(({ model, weightBps }) => ({
      weightBps,
      release: { model: { id: model, name: `model ${model}`, owner: party(owner), developer: party(developer) } },
    })),
  };
}
const whole = (model: string): Part[] => [{ model, weightBps: 10_000 }];

test('fees and payers are summed by model, the largest first', () => {
  const calls = [call(stranger, '100', whole('1')), call(stranger, '300', whole('2')), call(owner, '50', whole('1'))];
  expect(byModel(calls)).toEqual([
    { id: '2', name: 'model 2', calls: 1, fees: 300n, linkedCalls: 0, linkedFees: 0n, payers: 1 },
    { id: '1', name: 'model 1', calls: 2, fees: 150n, linkedCalls: 1, linkedFees: 50n, payers: 2 },
  ]);
});

test('an answer of several models gives each its part', () => {
  const parts = [
    { model: '1', weightBps: 7_500 },
    { model: '2', weightBps: 2_500 },
  ];
  expect(byModel([call(stranger, '400', parts)]).map(({ id, fees }) => [id, fees])).toEqual([
    ['1', 300n],
    ['2', 100n],
  ]);
});

test('without linked calls a model that nobody else pays is gone', () => {
  const calls = [call(owner, '500', whole('1')), call(stranger, '20', whole('2')), call(operator, '5', whole('2'))];
  expect(withoutLinked(byModel(calls)).map(({ id, calls, fees }) => [id, calls, fees])).toEqual([['2', 1, 20n]]);
});

test('a call of a release that the chain does not know counts for no model', () => {
  const unknown = { ...call(stranger, '5', whole('1')), composition: [{ weightBps: 10_000, release: null }] };
  expect(byModel([unknown])).toEqual([]);
});
