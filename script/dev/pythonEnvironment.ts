// Python environments beside the engine's own: each made from pinned requirements, and made again when they change.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, tools } from './config.ts';
import { runCommand } from './deployment.ts';

/**
 * Makes an environment unless it is there as these requirements want it.
 * @param name of its folder in the project's root
 * @param requirements file that pins everything, what is needed by what is needed too
 * @param finish what is still to be done in a new one, given its folder
 * @returns the folder of its programs
 */
export async function pythonEnvironment(
  name: string,
  requirements: string,
  finish: (folder: string) => void = () => {},
): Promise<string> {
  const folder = join(root, name);
  const programs = join(folder, 'bin');
  const stamp = join(folder, basename(requirements));
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return programs;
  console.log(`Makes the Python environment ${name}; takes a minute.`);
  rmSync(folder, { recursive: true, force: true });
  await runCommand(existsSync(tools.python) ? tools.python : 'python3', ['-m', 'venv', folder]);
  await runCommand(join(programs, 'python'), ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', requirements]);
  finish(folder);
  writeFileSync(stamp, wanted);
  return programs;
}
