import { expect, test } from 'vitest';
import { countForge, countLine, countPytest, countVitest } from './counts.ts';

test.each([
  [countForge, 'Ran 3 test suites in 1.2s (2s CPU time): 10 tests passed, 1 failed, 0 skipped (11 total tests)', 10, 1],
  [countForge, 'Ran 1 test suite in 1.2s (2s CPU time): 1 tests passed, 0 failed, 0 skipped (1 total tests)', 1, 0],
  [countVitest, ' Test Files  1 passed (1)\n      Tests  2 failed | 10 passed (12)\n', 10, 2],
  [countVitest, '\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[32m6 passed\u001b[39m\u001b[22m (6)', 6, 0],
  [countPytest, '2 failed, 10 passed, 1 skipped, 3 errors in 3.10s', 10, 5],
  [countPytest, '41 passed in 62.05s (0:01:02)', 41, 0],
  [countLine, 'x\n7 passed, 0 failed\n', 7, 0],
  [countLine, 'nothing ran', 0, 0],
] as const)('%o reads its runner', (count, output, passed, failed) => {
  expect(count(output)).toEqual({ passed, failed });
});
