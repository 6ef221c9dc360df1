import { expect, test } from 'vitest';
import { createSlots } from './slots.ts';

test('a key has so many slots and no more, each given back once', () => {
  const slots = createSlots(2);
  const first = slots.take('a');
  slots.take('a');
  expect(() => slots.take('a')).toThrow('wait for one to end');
  slots.take('b');
  first();
  first();
  expect(slots.count('a')).toBe(1);
  slots.take('a');
  expect(slots.count('a')).toBe(2);
});
