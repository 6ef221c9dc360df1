import { stripVTControlCharacters } from 'node:util';

/** How many tests of a suite passed and failed, as its runner's closing lines say. */
export interface Count {
  passed: number;
  failed: number;
}

const numberBefore = (word: string, line: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);

const lastLine = (output: string, pattern: RegExp) =>
  stripVTControlCharacters(output)
    .split('\n')
    .findLast((line) => pattern.test(line)) ?? '';

/** forge: `Ran 3 test suites in 1.2s: 10 tests passed, 0 failed, 0 skipped (10 total tests)`. */
export function countForge(output: string): Count {
  const line = lastLine(output, /^Ran \d+ test suites? .*tests? passed/);
  return { passed: numberBefore('tests? passed', line), failed: numberBefore('failed', line) };
}

/** vitest: `Tests  2 failed | 10 passed (12)`. */
export function countVitest(output: string): Count {
  const line = lastLine(output, /^\s*Tests\s/);
  return { passed: numberBefore('passed', line), failed: numberBefore('failed', line) };
}

/** pytest: `2 failed, 10 passed, 1 skipped in 3.1s`; errors count as failures. */
export function countPytest(output: string): Count {
  const line = lastLine(output, /\d+ (passed|failed|errors?).* in [\d.]+s/);
  return { passed: numberBefore('passed', line), failed: numberBefore('failed', line) + numberBefore('errors?', line) };
}

/** A line of our own: `10 passed, 0 failed`. */
export function countLine(output: string): Count {
  const line = lastLine(output, /^\d+ passed, \d+ failed$/);
  return { passed: numberBefore('passed', line), failed: numberBefore('failed', line) };
}
