import { expect, test } from 'vitest';
import { priceOfTraining } from './estimate.ts';
import { adapterId } from './finish.ts';

test('an adapter is named by its bytes and its configuration, not by how that is written', () => {
  const weights = new Uint8Array([1, 2, 3]);
  const id = adapterId(weights, new TextEncoder().encode('{"r":8,"a":1}'));
  expect(adapterId(weights, new TextEncoder().encode('{ "a": 1,\n "r": 8 }'))).toBe(id);
  expect(adapterId(new Uint8Array([1, 2, 4]), new TextEncoder().encode('{"r":8,"a":1}'))).not.toBe(id);
});

test('a price is a multiple of 10,000 wei and never below its tokens', () => {
  expect(priceOfTraining(3, 3_333n)).toBe(10_000n);
  expect(priceOfTraining(100, 10n ** 14n)).toBe(10n ** 16n);
});
