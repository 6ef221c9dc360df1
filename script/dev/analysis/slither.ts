// `npm run check:slither`: static analysis of the contracts. Fails on a finding of high or medium impact that has no
// `slither-disable-next-line` with its reason beside it.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, tools } from '../config.ts';
import { analysers, pathWith } from './environment.ts';

// A directive that gives no reason is refused: slither itself would take it.
const bare = globSync('contracts/src/**/*.sol', { cwd: root }).flatMap((file) =>
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .flatMap((line, i) =>
      /slither-disable/.test(line) && !/slither-disable-next-line [\w,-]+ \(.{10,}\)$/.test(line) ? [`${file}:${i + 1}`] : [],
    ),
);
if (bare.length) {
  console.error(`Write the reason in brackets behind the detector's name: ${bare.join(', ')}.`);
  process.exit(1);
}

const out = '.openledger/slither'; // not forge's own folder: these builds hold syntax trees
const env = {
  ...process.env,
  PATH: pathWith(await analysers()),
  NO_COLOR: '1',
  FOUNDRY_OUT: `${out}/out`,
  FOUNDRY_CACHE_PATH: `${out}/cache`,
};
const run = (command: string, args: string[]) => {
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
};
console.log('Compiles the contracts; takes a minute.');
// Forced: slither reads all build records that lie there, and old ones would be analysed once more.
const built =
  run('rm', ['-rf', join(root, out)]) || run(tools.forge, ['build', 'contracts/src', '--build-info', '--ast', '--quiet']);
process.exitCode =
  built ||
  run('slither', [
    '.',
    ...['--config-file', 'slither.config.json', '--compile-force-framework', 'foundry'],
    ...['--ignore-compile', '--foundry-out-directory', `${out}/out`],
  ]);
