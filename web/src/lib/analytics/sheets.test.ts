import { expect, test } from 'vitest';
import { seriesSheet } from './sheets.ts';

test('rows of an aggregation become a sheet, oldest first', () => {
  const rows = [
    { timestamp: '1796083200000000', fees: '7', calls: '2' },
    { timestamp: '1795996800000000', fees: '5', calls: '1' },
  ];
  expect(seriesSheet(rows, ['calls', 'fees'])).toEqual({
    header: ['from', 'calls', 'fees'],
    rows: [
      ['2026-11-30T00:00:00.000Z', 1n, 5n],
      ['2026-12-01T00:00:00.000Z', 2n, 7n],
    ],
  });
});
