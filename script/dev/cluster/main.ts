// `npm run test:cluster`: three replicas of the engine by Ray Serve, one of them killed under load. Ray lies in
// .venv-cluster, which sees the engine's own environment.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../config.ts';
import { pythonEnvironment } from '../pythonEnvironment.ts';

const engine = join(root, 'oracle-gpu/engine');

/** Lets the environment see the engine's packages and the engine. */
function seeEngine(folder: string): void {
  const version = readFileSync(join(folder, 'pyvenv.cfg'), 'utf8').match(/version = (\d+\.\d+)/)?.[1];
  const packages = join(root, `.venv/lib/python${version}/site-packages`);
  writeFileSync(join(folder, `lib/python${version}/site-packages/engine.pth`), `${packages}\n${engine}\n`);
}

const programs = await pythonEnvironment('.venv-cluster', join(engine, 'requirements-cluster.txt'), seeEngine);
const { status, error } = spawnSync(join(programs, 'python'), ['-m', 'pytest', '-s', 'tests/cluster', ...process.argv.slice(2)], {
  cwd: engine,
  env: { ...process.env, PYTHONPATH: engine, RAY_USAGE_STATS_ENABLED: '0' },
  stdio: 'inherit',
});
if (error) throw error;
process.exitCode = status ?? 1;
