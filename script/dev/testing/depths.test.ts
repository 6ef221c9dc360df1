import { expect, test } from 'vitest';
import { addDepths, depthOf } from './depths.ts';

const output = `Ran 3 tests for contracts/test/x.t.sol:X
[PASS] testFuzz_a(uint96) (runs: 50000, μ: 3441973, ~: 3475817)
[PASS] test_b() (gas: 171334)
[FAIL: assertion failed] testFuzz_c(uint8) (runs: 12, μ: 1, ~: 1)
[PASS] invariant_d() (runs: 48, calls: 3072, reverts: 2)
`;

test('a depth counts runs of fuzz tests and calls against invariants', () => {
  const depth = depthOf(output);
  expect(depth).toEqual({ fuzzTests: 2, fuzzRuns: 50_012, campaigns: 1, calls: 3_072, reverts: 2 });
  expect(addDepths(depth, depth).calls).toBe(6_144);
});
