import { expect, test } from 'vitest';
import { inTurns } from './inTurns.ts';

test('maps in order and lets others work between', async () => {
  let others = 0;
  const beat = setInterval(() => {
    others += 1;
  }, 1);
  const busy = (item: number): number => {
    const began = performance.now();
    while (performance.now() - began < 3);
    return item * 2;
  };
  const items = Array.from({ length: 40 }, (_, index) => index);
  expect(await inTurns(items, busy)).toEqual(items.map((item) => item * 2));
  clearInterval(beat);
  expect(others).toBeGreaterThan(0);
});

test('what fails for one item fails for all', async () => {
  const fail = (): never => {
    throw new Error('not this one');
  };
  await expect(inTurns([1], fail)).rejects.toThrow('not this one');
});
