// `npm run test:deep`: every fuzz test 50,000 times and above a million calls against the invariants (foundry.toml,
// profile deep; what has few cases, or settles a batch in each run, says its own number beside the test), and a thousand
// honest batches of up to 1,024 receipts and 64 channels that lose to no proof. A file of tests for each core at a time;
// takes hours. Ends with one line that sums all of them.
//   npm run test:deep -- Custody honestBatch    only files whose names contain one of these
import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { deployable } from './bootstrap/steps.mjs';
import { root, tools } from './config.ts';
import { runCommand } from './deployment.ts';
import { countForge, countVitest } from './testing/counts.ts';
import { addDepths, type Depth, depthOf } from './testing/depths.ts';

/** Honest batches of random shapes that the SDK's test makes. */
const honestBatches = 'sdk/src/testing/honestBatch.test.ts';
const batchCount = '1000';

/** What takes longest, last. */
const longest = ['/data/', '/fraud/', '/pitfalls/', '/invariant/', honestBatches];
const weight = (file: string): number => longest.findLastIndex((name) => file.includes(name));

const names = process.argv.slice(2);
const files = globSync('contracts/test/**/*.t.sol', { cwd: root })
  .filter((file) => /function (testFuzz_|invariant_)/.test(readFileSync(join(root, file), 'utf8')))
  .concat(honestBatches)
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  // What takes longest comes first, so that no core waits for one file at the end.
  .sort((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1));
if (files.length === 0) {
  console.error(`No file with fuzz tests or invariants is called like ${names.join(' or ')}.`);
  process.exit(1);
}

function run(file: string): Promise<{ output: string; code: number }> {
  return new Promise((done) => {
    const began = Date.now();
    const isForge = file.endsWith('.sol');
    const [command, ...args] = isForge
      ? [tools.forge, 'test', '--match-path', file, '--match-test', '^(testFuzz_|invariant_)']
      : ['npx', 'vitest', 'run', join(root, file)];
    const child = spawn(command as string, args, {
      cwd: isForge ? root : join(root, 'sdk'),
      env: { ...process.env, FOUNDRY_PROFILE: 'deep', OPENLEDGER_DEEP_BATCHES: batchCount, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const beat = setInterval(() => console.log(`${file} … ${Math.round((Date.now() - began) / 1000)} s so far`), 60_000);
    const finish = (code: number) => {
      clearInterval(beat);
      done({ output, code });
    };
    child.on('error', (error) => {
      output += error.message;
      finish(1);
    });
    child.on('close', (code) => finish(code ?? 1));
  });
}

const inWords = ({ fuzzTests, fuzzRuns, campaigns, calls, reverts }: Depth) =>
  `${fuzzTests} fuzz tests with ${fuzzRuns} runs, ${campaigns} invariants with ${calls} calls of which ${reverts} reverted`;

const total = { passed: 0, failed: 0 };
let depth = depthOf('');
const began = Date.now();
let ended = 0;
async function check(file: string): Promise<void> {
  const start = Date.now();
  const { output, code } = await run(file);
  const count = file.endsWith('.sol') ? countForge(output) : countVitest(output);
  if ((code !== 0 && count.failed === 0) || count.passed + count.failed === 0) count.failed += 1;
  total.passed += count.passed;
  total.failed += count.failed;
  const reached = depthOf(output);
  depth = addDepths(depth, reached);
  const seconds = Math.round((Date.now() - start) / 1000);
  ended += 1;
  console.log(`${count.failed ? '✗' : '✓'} ${ended}/${files.length} ${file} (${seconds} s): ${inWords(reached)}`);
  if (count.failed) console.log(output.slice(-12_000));
}
// Compiled once before, or each would compile it: what the tests deploy, and the tests.
await runCommand(tools.forge, ['build', ...deployable], {});
await runCommand(tools.forge, ['build'], { FOUNDRY_PROFILE: 'deep' });
const queue = [...files];
const next = async (): Promise<void> => {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) await check(file);
};
await Promise.all(Array.from({ length: availableParallelism() }, next));
console.log(`${inWords(depth)}, ${Math.round((Date.now() - began) / 1000)} s`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed ? 1 : 0;
