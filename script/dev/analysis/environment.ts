// The contracts' analysers, in a Python environment of their own.
import { dirname, join } from 'node:path';
import { tools } from '../config.ts';
import { pythonEnvironment } from '../pythonEnvironment.ts';

/** Makes the environment unless it is there, and says where its programs lie. */
export const analysers = (): Promise<string> => pythonEnvironment('.venv-checks', join(import.meta.dirname, 'requirements.txt'));

/** The programs above and the project's own Node and forge first, where an analyser looks for them. */
export function pathWith(programs: string): string {
  return [programs, dirname(tools.node), dirname(tools.forge), process.env.PATH].join(':');
}
