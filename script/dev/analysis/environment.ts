// The Python environment of the contracts' analysers: .venv-checks, made from the pinned requirements beside this file
// and made again when they change.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, tools } from '../config.ts';
import { runCommand } from '../deployment.ts';

const folder = join(root, '.venv-checks');
const requirements = join(import.meta.dirname, 'requirements.txt');
const stamp = join(folder, 'requirements.txt');

/** Makes the environment unless it is there, and says where its programs lie. */
export async function analysers(): Promise<string> {
  const wanted = readFileSync(requirements, 'utf8');
  const programs = join(folder, 'bin');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return programs;
  console.log('Installs the analysers into .venv-checks; takes a minute.');
  rmSync(folder, { recursive: true, force: true });
  await runCommand(existsSync(tools.python) ? tools.python : 'python3', ['-m', 'venv', folder]);
  await runCommand(join(programs, 'python'), ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', requirements]);
  writeFileSync(stamp, wanted);
  return programs;
}

/** The programs above and the project's own Node and forge first, where an analyser looks for them. */
export function pathWith(programs: string): string {
  return [programs, dirname(tools.node), dirname(tools.forge), process.env.PATH].join(':');
}
