// Checks contracts/test/pitfalls/README.md: each pitfall has a row, and each test that a row names is there.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './config.ts';

/** The list that the table must cover, whatever rows are added. */
const pitfalls = [
  'typehash mismatch',
  'unsigned metadata that re-routes fees',
  'payer draining its own escrow through a fake service',
  're-pointed signer collecting twice',
  'oversized voucher',
  'underfunded tree stealing from a neighbour',
  'decreasing cumulative',
  'pinned root killing in-flight claims',
  'thaw, cut and provision overflows that escape a slash',
  'self-slash for the bounty',
  'repeated percentage slashes',
  'jury spam',
  'reverting callbacks',
  'rounding down a slash',
  'shares changed under a user',
  'unbounded loops',
];

const folder = join(root, 'contracts/test/pitfalls');
const rows = readFileSync(join(folder, 'README.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| pitfall |'))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const wrong: string[] = [];
const named = new Set<string>();
let tests = 0;
let last = '';
for (const [, pitfall, , cell] of rows) {
  last = pitfall || last;
  if (cell?.startsWith('—')) continue; // says itself what it waits for
  const [, path, test] = /^\[`[^`]+`\]\(([^)]+)\) `([^`]+)`$/.exec(cell ?? '') ?? [];
  if (!path || !test) {
    wrong.push(`${last}: write the test as [\`File\`](path) \`name\`, not: ${cell}`);
    continue;
  }
  const file = resolve(folder, path);
  const source = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const found = file.endsWith('.sol') ? source.includes(`function ${test}(`) : source.includes(`test('${test}'`);
  if (found) {
    named.add(last);
    tests += 1;
  } else wrong.push(`${last}: there is no test ${test} in ${path}`);
}
const waiting = pitfalls.filter((pitfall) => !named.has(pitfall));
for (const pitfall of waiting) {
  if (!rows.some((row) => row[1] === pitfall)) wrong.push(`${pitfall}: has no row`);
}
for (const line of wrong) console.error(`✗ ${line}`);
console.log(`${pitfalls.length} pitfalls, ${tests} tests; waiting for one: ${waiting.join(', ') || 'none'}`);
process.exitCode = wrong.length ? 1 : 0;
