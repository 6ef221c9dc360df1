// `npm run reset`: deletes what the stack has stored, after asking. `--yes` answers beforehand.
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { modelsFolder, stateFolder } from './config.ts';
import { pidFolder } from './supervisor/pids.ts';

const running = pidFolder(join(stateFolder, 'pids')).running();
if (running) {
  console.error(`The stack runs on this state (process ${running}): stop it first with Ctrl-C.`);
  process.exit(1);
}
if (!existsSync(stateFolder)) {
  console.log('There is no state to delete.');
  process.exit(0);
}
const kept = new Set([resolve(modelsFolder), resolve(stateFolder, 'stamps'), resolve(stateFolder, 'downloads')]);
const doomed = (await readdir(stateFolder)).map((name) => join(stateFolder, name)).filter((path) => !kept.has(path));
if (!process.argv.includes('--yes')) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(
    `This deletes the chain, the database, all files and every trained adapter in ${stateFolder}. Type "yes" to go on: `,
  );
  terminal.close();
  if (answer.trim() !== 'yes') {
    console.log('Nothing was deleted.');
    process.exit(0);
  }
}
for (const path of doomed) await rm(path, { recursive: true, force: true });
console.log('The state is deleted; the converted base model and the installed packages stay.');
