import { spawnSync } from 'node:child_process';
import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const GiB = 1024 ** 3;
/** What a first run needs on disk, in bytes: packages 2 GiB, Python 2 GiB, model and state 1 GiB; and each later one. */
const neededBytes = { first: 5 * GiB, later: 1 * GiB };

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return result.status === 0 ? `${result.stdout}${result.stderr}`.trim() : undefined;
}

/** The first Python >= 3.11 that can make virtual environments. */
function findPython() {
  const tried = [];
  let withoutVenv;
  for (const name of ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11']) {
    const version = run(name, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
    if (!version) continue;
    tried.push(`${name} is ${version}`);
    const [major, minor] = version.split('.').map(Number);
    if (major !== 3 || minor < 11) continue;
    if (run(name, ['-c', 'import venv, ensurepip']) !== undefined) return name;
    withoutVenv ??= `${name} (${version})`;
  }
  if (withoutVenv) {
    throw new Error(`${withoutVenv} lacks venv: install it (on Debian and Ubuntu: sudo apt-get install python3-venv).`);
  }
  throw new Error(
    `Python 3.11 or newer is needed (${tried.join(', ') || 'none was found'}): install it (on Debian and Ubuntu: sudo apt-get install python3 python3-venv).`,
  );
}

function freeBytes(folder) {
  const disk = statfsSync(folder);
  return disk.bavail * disk.bsize;
}

/** What is asked of the machine itself. */
const thisMachine = (root) => ({
  platform: process.platform,
  arch: process.arch,
  node: process.versions.node,
  free: freeBytes(root),
});

/** Throws one sentence that says what to do when the system cannot run the stack. Returns the Python to use. */
export function checkSystem(root, { platform, arch, node, free } = thisMachine(root)) {
  if (platform !== 'linux' || arch !== 'x64') {
    throw new Error(
      `The local stack runs on Linux x64, and this is ${platform} ${arch}: use a Linux x64 machine, a virtual one, or WSL 2.`,
    );
  }
  if (Number(node.split('.')[0]) < 20) throw new Error(`Node 20 or newer is needed, and this is ${node}: install a newer one.`);
  if (!run('git', ['--version'])) throw new Error('git is needed: install it (on Debian and Ubuntu: sudo apt-get install git).');
  const installed = ['node_modules', '.venv'].every((name) => existsSync(join(root, name)));
  const needed = installed ? neededBytes.later : neededBytes.first;
  if (free < needed) {
    throw new Error(
      `Only ${(free / GiB).toFixed(1)} GiB are free on the disk of ${root}, and ${needed / GiB} GiB are needed: make room.`,
    );
  }
  return findPython();
}
