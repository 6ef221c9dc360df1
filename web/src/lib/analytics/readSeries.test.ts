import { expect, test } from 'vitest';
import { readSeries } from './readSeries.ts';

const nulls = new Error('Null value resolved for non-null field `timestamp`');

test('the interval that is not over is read too', async () => {
  expect(await readSeries((current) => Promise.resolve(current))).toBe('include');
});

test('where nothing has happened in it yet, it is left out', async () => {
  const read = (current: string) => (current === 'include' ? Promise.reject(nulls) : Promise.resolve(current));
  expect(await readSeries(read)).toBe('exclude');
});

test('any other failure is the reader’s to see', async () => {
  await expect(readSeries(() => Promise.reject(new Error('502')))).rejects.toThrow('502');
});
