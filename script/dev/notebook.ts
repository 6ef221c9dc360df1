// `npm run notebook`: executes the analysts' notebook (docs/analysis) against the running stack. What it says goes to
// <state>/analysis, so that the notebook in the repository holds no answers of somebody's chain.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, stateFolder, urls } from './config.ts';
import { pythonEnvironment } from './pythonEnvironment.ts';

const folder = join(root, 'docs/analysis');
const out = join(stateFolder, 'analysis');
const programs = await pythonEnvironment('.venv-notebook', join(folder, 'requirements.txt'));
mkdirSync(out, { recursive: true });
const { status, error } = spawnSync(
  join(programs, 'jupyter-execute'),
  [`--output=${join(out, 'who-earns.ipynb')}`, '--timeout=120', join(folder, 'who-earns.ipynb')],
  { env: { ...process.env, OPENLEDGER_GRAPH: urls.subgraph }, stdio: 'inherit' },
);
if (error) throw error;
if (status === 0) console.log(`The notebook ran through; with its answers it lies at ${join(out, 'who-earns.ipynb')}.`);
process.exitCode = status ?? 1;
