// Compiles the subgraph once, for the fixture deployment: `npm run build -w subgraph`. Skips what is up to date.
//
//   node script/build.ts            compile
//   node script/build.ts --force    compile although nothing changed
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { networkName } from './deployment.ts';
import { fixtureDeployment, renderTemplate, subgraphFolder } from './manifest.ts';

const stampFile = join(subgraphFolder, 'build/.stamp');

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const graphCli = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('@graphprotocol/graph-cli/package.json')), 'bin/run.js');

/** Hash of everything the compiled subgraph follows from. */
function stamp(): string {
  const inputs = ['schema.graphql', 'subgraph.template.yaml', 'package.json'].map((file) => join(subgraphFolder, file));
  const hash = createHash('sha256');
  for (const path of [...inputs, ...filesBelow(join(subgraphFolder, 'src')), ...filesBelow(join(subgraphFolder, 'abis'))]) {
    hash.update(path.slice(subgraphFolder.length)).update(readFileSync(path));
  }
  hash.update(readFileSync(join(dirname(graphCli()), '../package.json')));
  return hash.digest('hex');
}

function graph(...args: string[]): void {
  const result = spawnSync(process.execPath, [graphCli(), ...args], { cwd: subgraphFolder, encoding: 'utf8' });
  const output = `${result.stdout}${result.stderr}`;
  // graph-cli ends with 0 although AssemblyScript refused a mapping.
  if (result.status === 0 && !/(^|\s)(ERROR|✖)/.test(output)) return;
  throw new Error(`The subgraph does not compile: fix what graph ${args[0]} names.\n${output}`);
}

export function buildSubgraph(force = false): void {
  const current = stamp();
  const upToDate = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === current;
  if (upToDate && !force && existsSync(join(subgraphFolder, 'build/subgraph.yaml'))) return;
  const fixture = fixtureDeployment();
  writeFileSync(join(subgraphFolder, 'subgraph.yaml'), renderTemplate(fixture, networkName(fixture.chainId)));
  rmSync(join(subgraphFolder, 'build'), { recursive: true, force: true });
  rmSync(join(subgraphFolder, 'generated'), { recursive: true, force: true });
  graph('codegen', '--output-dir', 'generated');
  graph('build', '--output-dir', 'build');
  writeFileSync(stampFile, current);
}

if (import.meta.main) {
  const started = Date.now();
  buildSubgraph(process.argv.includes('--force'));
  console.log(`The subgraph is compiled (${((Date.now() - started) / 1000).toFixed(1)} s).`);
}
