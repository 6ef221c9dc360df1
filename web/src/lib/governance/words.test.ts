import { expect, test } from 'vitest';
import { effectWords, formatPower, formatValue, kindWords } from './words.ts';

test('power is a share of one', () => {
  expect(formatPower(10n ** 18n)).toBe('100 %');
  expect(formatPower(123_400_000_000_000_000n)).toBe('12.34 %');
  expect(formatPower(1n)).toBe('< 0.01 %');
  expect(formatPower(0n)).toBe('0 %');
});

test('values are said to the last digit', () => {
  expect(formatValue('open', 1_234_567_000_000_000_000_001n)).toBe('1,234.567000000000000001 OPEN');
  expect(formatValue('bps', 525n)).toBe('5.25 %');
  expect(formatValue('weight', 4_000_000n)).toBe('4,000,000');
});

test('an effect is a sentence with names and amounts', () => {
  const nameOf = (address: string) => (address === '0x01' ? 'Newcomer' : 'Treasury');
  const spend = { kind: 'spend', to: '0x01', amount: 10n ** 19n, category: '', purpose: 'Seeds' } as const;
  expect(effectWords(spend, nameOf)).toBe('Pays 10 OPEN from the treasury to Newcomer: “Seeds”.');
  expect(effectWords({ kind: 'upgrade', proxy: '0x02', implementation: '0x03', data: '0x' }, nameOf)).toMatch(/code of Treasury/);
  expect(effectWords({ kind: 'slash', agent: 7, amount: 1n, reason: 'It lied' }, nameOf)).toMatch(/agent 7.*It lied/);
});

test('a stream says for how long, from when and for what; a budget says its period', () => {
  const nameOf = () => 'Newcomer';
  const stream = {
    kind: 'stream',
    to: '0x01',
    amount: 10n ** 19n,
    start: 0,
    duration: 86_400,
    category: 'grants',
    purpose: 'Upkeep',
  } as const;
  expect(effectWords(stream, nameOf)).toBe(
    'Sets 10 OPEN aside for Newcomer, paid by the second over 1 days from when it is executed, in the category Grants: “Upkeep”.',
  );
  expect(effectWords({ ...stream, start: 1_700_000_000 }, nameOf)).toMatch(/from .*2023/);
  expect(effectWords({ kind: 'endStream', stream: 3 }, nameOf)).toMatch(/stream 3/);
  const budget = { kind: 'budget', category: 'audits', cap: 10n ** 18n, period: 2_592_000 } as const;
  expect(effectWords(budget, nameOf)).toBe('Limits what votes may promise in the category audits to 1 OPEN in every 30 days.');
  expect(effectWords({ ...budget, period: 0 }, nameOf)).toBe('Takes away the budget of the category audits.');
});

test('every kind has its name', () => {
  expect(['treasury', 'parameters', 'models', 'agents', 'upgrades'].map(kindWords)).not.toContain('');
  expect(kindWords('0xabc')).toBe('0xabc');
});
