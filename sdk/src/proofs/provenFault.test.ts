import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { provenFault } from './provenFault.ts';

const contract = join(import.meta.dirname, '../../../contracts/src/oracles/BatchFaults.sol');

test('names every fault of the contracts, in their order', () => {
  const members = /enum Fault \{([^}]*)\}/.exec(readFileSync(contract, 'utf8'))?.[1] ?? '';
  const names = members.split(',').map((member) =>
    member
      .trim()
      .replace(/(?!^)([A-Z])/g, ' $1')
      .toLowerCase(),
  );
  expect(names.length).toBeGreaterThan(12);
  expect(names.map((_, index) => provenFault(index))).toEqual(names);
  expect(provenFault(names.length)).toBe(`fault ${names.length}`);
  expect(provenFault(undefined)).toBe('unknown fault');
});
