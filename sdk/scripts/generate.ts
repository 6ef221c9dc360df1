// Compiles the contracts and writes what follows from them: the SDK's typed ABIs and the subgraph's ABI files.
//
//   node sdk/scripts/generate.ts           write
//   node sdk/scripts/generate.ts --check   fail, naming the files, when something written is stale
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { Abi } from 'viem';
import { formatAbiItem } from 'viem/utils';

const root = join(import.meta.dirname, '../..');
const sources = join(root, 'contracts/src');
// Its own build folder, so that a build that runs at the same time is not disturbed.
const work = join(root, 'cache/generate');
const typescriptFile = join(root, 'sdk/src/generated/abis.ts');
const subgraphFolder = join(root, 'subgraph/abis');

type AbiError = Extract<Abi[number], { type: 'error' }>;
type Artifact = { abi: Abi; bytecode: { object: string } };

function compile(): void {
  // The binary itself: npm's wrapper around it ends with 0 even when the compiler failed.
  const forge = join(root, 'node_modules/@foundry-rs/forge-linux-amd64/bin/forge');
  const args = ['build', '--root', root, '--out', join(work, 'out'), '--cache-path', join(work, 'cache')];
  const built = spawnSync(forge, [...args, '--skip', 'test', '--skip', 'script'], { encoding: 'utf8' });
  if (built.status !== 0) {
    console.error(built.stdout, built.stderr);
    throw new Error('The contracts do not compile: fix what forge names above, then run this again.');
  }
}

/** Solidity files below contracts/src, by contract name. */
function contractFiles(): Map<string, string> {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sol'));
  return new Map(files.map((file) => [basename(file, '.sol'), file] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function artifact(name: string): Artifact | undefined {
  const path = join(work, 'out', `${name}.sol`, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Artifact) : undefined;
}

/** An interface is named `I` + a capital; it stands for its contract until there is an implementation. */
const isInterface = (name: string): boolean => /^I[A-Z]/.test(name);

const isContract = (built: Artifact | undefined): boolean =>
  built !== undefined && built.bytecode.object !== '0x' && built.abi.some((item) => item.type === 'function');

const order = ['constructor', 'receive', 'fallback', 'function', 'event', 'error'];

function sorted(abi: Abi): Abi {
  const key = (item: Abi[number]): string => `${order.indexOf(item.type)} ${'name' in item ? formatAbiItem(item) : ''}`;
  return [...abi].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** ABI of each contract that has something to call, by contract name. */
function collectAbis(names: string[]): Map<string, Abi> {
  const abis = new Map<string, Abi>();
  for (const name of names) {
    const built = artifact(name);
    if (!built || built.abi.length === 0) continue;
    if (isInterface(name)) {
      if (!isContract(artifact(name.slice(1)))) abis.set(name.slice(1), sorted(built.abi));
    } else if (isContract(built)) {
      abis.set(name, sorted(built.abi));
    }
  }
  return new Map([...abis].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Every custom error a transaction can come back with, whichever contract below raised it. */
function collectErrors(names: string[]): AbiError[] {
  const errors = new Map<string, AbiError>();
  for (const name of names) {
    for (const item of artifact(name)?.abi ?? []) {
      if (item.type === 'error') errors.set(formatAbiItem(item), item);
    }
  }
  return [...errors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

const withoutInternalTypes = (item: unknown): string =>
  JSON.stringify(item, (key, value: unknown) => (key === 'internalType' ? undefined : value));

const constant = (name: string, items: readonly unknown[]): string =>
  `export const ${name} = [\n${items.map((item) => `  ${withoutInternalTypes(item)},\n`).join('')}] as const;\n`;

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function typescript(abis: Map<string, Abi>, errors: AbiError[]): string {
  return [
    '// Written by `npm run generate` from the contracts. Do not edit.\n',
    ...[...abis].map(([name, abi]) => constant(`${lowerFirst(name)}Abi`, abi)),
    '/** The custom errors of all contracts: a call may fail in a contract further down. */',
    constant('errorsAbi', errors),
    '/** ABIs by contract name. */',
    `export const abis = {\n${[...abis.keys()].map((name) => `  ${name}: ${lowerFirst(name)}Abi,\n`).join('')}} as const;\n`,
  ].join('\n');
}

/** Content of every generated file, by path. */
function generate(): Map<string, string> {
  compile();
  const names = [...contractFiles().keys()];
  const abis = collectAbis(names);
  const files = new Map([[typescriptFile, typescript(abis, collectErrors(names))]]);
  for (const [name, abi] of abis) files.set(join(subgraphFolder, `${name}.json`), `${JSON.stringify(abi, null, 2)}\n`);
  return files;
}

const files = generate();
const stale = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text).map(([path]) => path);
const superfluous = existsSync(subgraphFolder)
  ? readdirSync(subgraphFolder)
      .map((file) => join(subgraphFolder, file))
      .filter((path) => path.endsWith('.json') && !files.has(path))
  : [];

if (process.argv.includes('--check')) {
  const wrong = [...stale, ...superfluous].map((path) => relative(root, path));
  if (wrong.length > 0) {
    console.error(`Stale generated code: ${wrong.join(', ')}. Run \`npm run generate\` and commit the result.`);
    process.exitCode = 1;
  } else {
    console.log(`Generated code is up to date (${files.size} files).`);
  }
} else {
  for (const path of superfluous) rmSync(path);
  for (const path of stale) {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, files.get(path) ?? '');
  }
  console.log(`Wrote ${stale.length} of ${files.size} files; removed ${superfluous.length}.`);
}
