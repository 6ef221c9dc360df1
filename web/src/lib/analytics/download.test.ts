import { expect, test } from 'vitest';
import { toJsonText } from './download.ts';

test('a sheet becomes objects, with amounts that lose no digit', () => {
  const sheet = { header: ['day', 'fees'], rows: [['2026-11-30', 123_456_789_012_345_678_901n]] };
  expect(JSON.parse(toJsonText(sheet))).toEqual([{ day: '2026-11-30', fees: '123456789012345678901' }]);
});
