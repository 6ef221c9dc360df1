import { expect, test } from 'vitest';
import { byInterval } from './income.ts';

test('rows of a day are one bar, with its sources beside each other', () => {
  const rows = [
    { timestamp: '2', source: 'FEES', amount: '5' },
    { timestamp: '2', source: 'TRANSFER', amount: '1' },
    { timestamp: '1', source: 'MINTED', amount: '7' },
  ];
  expect(byInterval(rows)).toEqual([
    { timestamp: '2', fees: '5', minted: '0', transfers: '1', amount: '6' },
    { timestamp: '1', fees: '0', minted: '7', transfers: '0', amount: '7' },
  ]);
});
