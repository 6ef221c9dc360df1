import { afterEach, expect, test, vi } from 'vitest';
import { cached } from './cached.ts';

afterEach(() => void vi.useRealTimers());

test('callers share one load, until it is too old', async () => {
  vi.useFakeTimers();
  let loads = 0;
  const numbers = cached(1_000, async () => ++loads);
  expect(await Promise.all([numbers.get('a'), numbers.get('a')])).toEqual([1, 1]);
  expect(await numbers.get('b')).toBe(2);
  vi.advanceTimersByTime(1_001);
  expect(await numbers.get('a')).toBe(3);
  numbers.forget('a');
  expect(await numbers.get('a')).toBe(4);
});

test('what is asked for in the second half of its time is renewed while callers get what is known', async () => {
  vi.useFakeTimers();
  let loads = 0;
  const numbers = cached(1_000, async () => {
    loads += 1;
    if (loads === 2) throw new Error('away');
    return loads;
  });
  expect(await numbers.get('a')).toBe(1);
  vi.advanceTimersByTime(600);
  expect(await numbers.get('a')).toBe(1); // renewing fails
  expect(await numbers.get('a')).toBe(1); // and is tried again
  await vi.advanceTimersByTimeAsync(0);
  expect(await numbers.get('a')).toBe(3);
  vi.advanceTimersByTime(600);
  const renewing = numbers.get('a');
  numbers.forget('a');
  expect(await renewing).toBe(3);
  expect(loads).toBe(4);
  expect(await numbers.get('a')).toBe(5); // what was renewed before it was forgotten is not kept
});

test('a failure is not remembered', async () => {
  let loads = 0;
  const flaky = cached(1_000, async () => {
    loads += 1;
    if (loads === 1) throw new Error('away');
    return loads;
  });
  await expect(flaky.get('a')).rejects.toThrow('away');
  expect(await flaky.get('a')).toBe(2);
});

test('it does not grow without end', async () => {
  let loads = 0;
  const few = cached(60_000, async () => ++loads, 2);
  for (const key of ['a', 'b', 'c']) await few.get(key);
  expect(await few.get('a')).toBe(4);
  expect(await few.get('c')).toBe(3);
});
