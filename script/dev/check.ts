// `npm run check`: formatters, linters and types of every language. Runs all, then says which failed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, tools } from './config.ts';

const engine = join(root, 'oracle-gpu/engine');
const checks: { name: string; command: string; args: string[]; cwd?: string }[] = [
  { name: 'format and lint (TypeScript, JSON)', command: 'npx', args: ['biome', 'ci', '--colors=off', '.'] },
  { name: 'format (Svelte)', command: 'npx', args: ['prettier', '--check', 'web/src/**/*.svelte'] },
  { name: 'format (Solidity)', command: tools.forge, args: ['fmt', '--check'] },
  { name: 'types (stack, end-to-end)', command: 'npx', args: ['tsc', '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'types (sdk)', command: 'npm', args: ['run', 'check', '-w', 'sdk'] },
  { name: 'types (service)', command: 'npx', args: ['tsc', '--noEmit', '-p', 'oracle-gpu/service'] },
  { name: 'types (web)', command: 'npm', args: ['run', 'check', '-w', 'web'] },
  { name: 'generated code', command: tools.node, args: ['sdk/scripts/generate.ts', '--check'] },
  { name: 'storage layouts', command: tools.node, args: ['script/dev/storage/check.ts'] },
  { name: 'pitfalls', command: tools.node, args: ['script/dev/pitfalls.ts'] },
  { name: 'format (Python)', command: tools.python, args: ['-m', 'ruff', 'format', '--check', '.'], cwd: engine },
  { name: 'lint (Python)', command: tools.python, args: ['-m', 'ruff', 'check', '.'], cwd: engine },
  { name: 'types (Python)', command: tools.python, args: ['-m', 'mypy'], cwd: engine },
];

const failed: string[] = [];
for (const { name, command, args, cwd } of checks) {
  const began = Date.now();
  const result = spawnSync(command, args, {
    cwd: cwd ?? root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    maxBuffer: 64 * 1024 * 1024,
  });
  const ok = result.status === 0;
  console.log(`${ok ? '✓' : '✗'} ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  if (!ok) {
    failed.push(name);
    console.log(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`.slice(-8000));
  }
}
console.log(
  failed.length
    ? `${failed.length} of ${checks.length} checks failed: ${failed.join(', ')}`
    : `all ${checks.length} checks passed`,
);
process.exitCode = failed.length ? 1 : 0;
