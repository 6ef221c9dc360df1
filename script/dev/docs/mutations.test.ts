import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../config.ts';
import { onChain, page, render } from './mutations.ts';

test('the page of mutations says what the tests say', () => {
  expect(readFileSync(page, 'utf8')).toBe(render());
});

test('each fault that the contracts know has at least two mutations, but equivocation, which voids no batch by itself', () => {
  const source = readFileSync(join(root, 'contracts/src/oracles/BatchFaults.sol'), 'utf8');
  const [, list = ''] = /enum Fault \{([^}]*)\}/.exec(source) ?? [];
  const faults = list.split(',').map((name) =>
    name
      .trim()
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase(),
  );
  const mutations = onChain();
  expect(faults.length).toBeGreaterThan(16);
  for (const fault of faults) {
    const count = mutations.filter((one) => one.fault === fault).length;
    expect(count, fault).toBeGreaterThanOrEqual(2);
  }
});
