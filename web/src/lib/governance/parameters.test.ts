import { expect, test } from 'vitest';
import { effectsOf } from './effects.ts';
import { feeFields, isInRange, type Parameter, parameterCalls, parseParameter } from './parameters.ts';

const contracts = {
  FeePolicy: '0x0000000000000000000000000000000000000002',
  VotingPower: '0x0000000000000000000000000000000000000003',
  Jury: '0x0000000000000000000000000000000000000004',
} as const;
const address = (name: string) => contracts[name as keyof typeof contracts];
const parameters: Parameter[] = [
  ...feeFields.map((name): Parameter => ({ name, unit: 'bps', current: 500n, least: 0n, most: 2_000n })),
  { name: 'votesFloor', unit: 'weight', current: 100n, least: 50n, most: 200n },
  { name: 'sampleRateBps', unit: 'bps', current: 0n, least: 0n, most: 1_000n },
];

test('percent are typed as people write them, and nothing is guessed', () => {
  const percent = { unit: 'bps' } as const;
  expect(parseParameter(percent, '5')).toBe(500n);
  expect(parseParameter(percent, '7.5 %')).toBe(750n);
  expect(parseParameter(percent, '0.05')).toBe(5n);
  for (const wrong of ['', '-1', '1.234', '5 of', 'NaN']) expect(parseParameter(percent, wrong)).toBeUndefined();
  expect(parseParameter({ unit: 'weight' }, '1,000')).toBe(1_000n);
  expect(parseParameter({ unit: 'weight' }, '1.5')).toBeUndefined();
});

test('only what changes is set, and all fees at once', () => {
  const calls = parameterCalls(address, parameters, {
    protocolFeeBps: 400n,
    burnBps: 500n,
    votesFloor: 100n,
    sampleRateBps: 25n,
  });
  const effects = effectsOf(calls, contracts);
  expect(effects).toEqual([
    { kind: 'fees', split: { ...Object.fromEntries(feeFields.map((name) => [name, 500])), protocolFeeBps: 400 } },
    { kind: 'sampleRate', bps: 25 },
  ]);
  expect(effectsOf(parameterCalls(address, parameters, { votesFloor: 150n }), contracts)).toEqual([
    { kind: 'floor', floor: 150n },
  ]);
  expect(parameterCalls(address, parameters, {})).toEqual([]);
});

test('the range is the chain’s', () => {
  const [first] = parameters;
  expect(first && [isInRange(first, 0n), isInRange(first, 2_000n), isInRange(first, 2_001n)]).toEqual([true, true, false]);
});
