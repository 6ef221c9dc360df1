// `npm run test:cluster`: three replicas of the engine by Ray Serve, one of them killed under load. Ray lies in
// .venv-cluster, which sees the engine's own environment; made from the pinned requirements and made again when they change.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, tools } from '../config.ts';
import { runCommand } from '../deployment.ts';

const folder = join(root, '.venv-cluster');
const engine = join(root, 'oracle-gpu/engine');
const requirements = join(engine, 'requirements-cluster.txt');
const python = join(folder, 'bin/python');
const stamp = join(folder, 'requirements.txt');

const wanted = readFileSync(requirements, 'utf8');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('Installs Ray into .venv-cluster; takes a minute.');
  rmSync(folder, { recursive: true, force: true });
  await runCommand(tools.python, ['-m', 'venv', folder]);
  await runCommand(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', requirements]);
  const places = readFileSync(join(folder, 'pyvenv.cfg'), 'utf8').match(/version = (\d+\.\d+)/)?.[1];
  writeFileSync(
    join(folder, `lib/python${places}/site-packages/engine.pth`),
    `${join(root, `.venv/lib/python${places}/site-packages`)}\n${engine}\n`,
  );
  writeFileSync(stamp, wanted);
}
const { status, error } = spawnSync(python, ['-m', 'pytest', '-s', 'tests/cluster', ...process.argv.slice(2)], {
  cwd: engine,
  env: { ...process.env, PYTHONPATH: engine, RAY_USAGE_STATS_ENABLED: '0' },
  stdio: 'inherit',
});
if (error) throw error;
process.exitCode = status ?? 1;
