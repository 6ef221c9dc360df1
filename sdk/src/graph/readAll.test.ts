import type { Hex } from 'viem';
import { expect, test } from 'vitest';
import { readAll } from './readAll.ts';

const row = (index: number): { id: Hex } => ({ id: `0x${index.toString(16).padStart(4, '0')}` });
const stored = Array.from({ length: 2_300 }, (_, index) => row(index));
const pageAfter = (after: Hex) => Promise.resolve(stored.filter(({ id }) => after === '0x' || id > after).slice(0, 1_000));

test('pages follow each other until one is not full', async () => {
  const asked: string[] = [];
  const { rows, isWhole } = await readAll((after) => {
    asked.push(after);
    return pageAfter(after);
  });
  expect(rows).toEqual(stored);
  expect(isWhole).toBe(true);
  expect(asked).toEqual(['0x', row(999).id, row(1_999).id]);
});

test('reading ends at the most that is wanted, and says that there may be more', async () => {
  const { rows, isWhole } = await readAll(pageAfter, 2_000);
  expect(rows).toHaveLength(2_000);
  expect(isWhole).toBe(false);
});

test('a failing page fails the whole: half a list is no answer', async () => {
  await expect(readAll(() => Promise.reject(new Error('behind')))).rejects.toThrow('behind');
});
