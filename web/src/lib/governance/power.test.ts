import { expect, test } from 'vitest';
import { partsOf, sourcesOf, wholePower } from './power.ts';

const totals = { votesMinted: '50', votesDelegated: '40', votesFloor: '100', openDelegated: '1000' };

test('power is shared as VotingPower shares it: by delegated votes, contribution as far as it has grown', () => {
  expect(partsOf(totals, 10n, 250n)).toEqual({ contribution: wholePower / 10n, capital: (wholePower * 15n) / 100n });
  expect(partsOf({ ...totals, votesMinted: '100' }, 40n, 0n)).toEqual({
    contribution: (wholePower * 8n) / 10n,
    capital: 0n,
  });
  expect(partsOf({ ...totals, votesDelegated: '0', openDelegated: '0' }, 0n, 0n)).toEqual({
    contribution: 0n,
    capital: 0n,
  });
});

test('what was earned is added up by model and month', () => {
  const earning = (id: string, settledAt: number, weight: string) => ({
    weight,
    amount: '7',
    release: { model: { id, name: `Model ${id}` } },
    batch: { settledAt: String(settledAt) },
  });
  const june = Date.UTC(2026, 5, 30, 23) / 1000;
  const sources = sourcesOf([
    earning('1', june, '10'),
    earning('1', june, '5'),
    earning('1', june + 7_200, '40'),
    earning('2', june, '1'),
    { ...earning('9', june, '2'), release: null },
  ]);
  expect(sources.map(({ model, month, weight, amount }) => [model, month, weight, amount])).toEqual([
    ['Model 1', '2026-07', 40n, 7n],
    ['Model 1', '2026-06', 15n, 14n],
    [undefined, '2026-06', 2n, 7n],
    ['Model 2', '2026-06', 1n, 7n],
  ]);
});
