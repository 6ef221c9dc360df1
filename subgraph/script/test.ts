// Runs the subgraph's tests: `npm test -w subgraph [-- name …]`. Each file of tests/ runs in a process of its own on a
// PostgreSQL server of its own; the last line says how many passed and failed. A handler that no test reaches and a
// test without an assertion each count as a failure.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { tools } from '../../script/dev/config.ts';
import { startPostgres } from '../../script/dev/testing/postgres.ts';
import { buildSubgraph } from './build.ts';
import { coverageProblems, readTests, settleProblem } from './coverage.ts';
import { subgraphFolder } from './manifest.ts';
import { checkApiSchema, checkQueries } from './queries.ts';

/** Files tested at the same time, each with a database. */
const LANES = 2;

/** Runs one test file; resolves to what gnd printed if it failed. */
function runTest(file: string, database: string): Promise<string | undefined> {
  const args = ['test', '--manifest', './subgraph.yaml', '--skip-build', '--postgres-url', database, join('tests', file)];
  const child = spawn(tools.gnd, args, { cwd: subgraphFolder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) => {
      // A file that ran no test at all would also end with 0.
      const passed = code === 0 && /Tests: 1 passed, 0 failed/.test(output);
      done(passed ? undefined : output);
    });
  });
}

const wanted = process.argv.slice(2);
const all = readTests();
const tests = wanted.length === 0 ? all : all.filter(({ file }) => wanted.some((name) => file.includes(name)));
buildSubgraph();

const failures: string[] = coverageProblems(all);
for (const problem of failures) console.log(`✘ ${problem}`);
let passed = 0;
const report = (name: string, problem: string | undefined): void => {
  if (problem === undefined) passed++;
  else failures.push(name);
  console.log(problem === undefined ? `✔ ${name}` : `✘ ${name}\n${problem}`);
};

const lanes = Array.from({ length: LANES }, (_, lane) => `lane${lane}`);
const postgres = await startPostgres(lanes);
try {
  const queue = [...tests];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let test = queue.shift(); test; test = queue.shift()) {
        report(`${test.file}: ${test.name}`, await runTest(test.file, postgres.urlOf(lane)));
      }
    }),
  );
} finally {
  await postgres.stop();
}
if (wanted.length === 0)
  for (const { name, problem } of [
    { name: 'the mapping decodes the call that settles', problem: settleProblem() },
    checkApiSchema(),
    ...checkQueries(all),
  ])
    report(name, problem);

console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
