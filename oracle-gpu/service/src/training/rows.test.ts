import { componentsPerChunk } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { requireShortRows } from './rows.ts';

test('an index with rows of several chunks is refused before anything is released or served', () => {
  expect(() => requireShortRows({ k: componentsPerChunk })).not.toThrow();
  expect(() => requireShortRows({ k: componentsPerChunk + 1 })).toThrow(/train on fewer records/);
});
