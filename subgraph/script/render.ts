// Puts the compiled subgraph into a folder, aimed at a real deployment, for `gnd dev`:
//
//   node script/render.ts --deployment <deployments/31337.json> --out <folder>
//   gnd dev --manifests <folder>/subgraph.yaml:./build …
//
// The deployment file defaults to OPENLEDGER_DEPLOYMENT. The network's name is printed; gnd must be started with it.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSubgraph } from './build.ts';
import { networkName, readDeployment } from './deployment.ts';
import { retarget, subgraphFolder } from './manifest.ts';

/** Compiles if needed and writes `<out>/subgraph.yaml` and `<out>/build`; returns the network's name. */
export function renderSubgraph(deploymentFile: string, out: string): string {
  buildSubgraph();
  const deployment = readDeployment(deploymentFile);
  const network = networkName(deployment.chainId);
  const compiled = readFileSync(join(subgraphFolder, 'build/subgraph.yaml'), 'utf8');
  const manifest = retarget(compiled, deployment, network);
  mkdirSync(out, { recursive: true });
  rmSync(join(out, 'build'), { recursive: true, force: true });
  cpSync(join(subgraphFolder, 'build'), join(out, 'build'), { recursive: true });
  writeFileSync(join(out, 'build/subgraph.yaml'), manifest);
  // gnd wants the manifest's name outside the build folder too, and reads the one inside.
  writeFileSync(join(out, 'subgraph.yaml'), manifest);
  return network;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { deployment: { type: 'string' }, out: { type: 'string' } } });
  const deployment = values.deployment ?? process.env.OPENLEDGER_DEPLOYMENT;
  if (!deployment || !values.out) {
    console.error('Say which deployment and where to: --deployment <file> (or OPENLEDGER_DEPLOYMENT) and --out <folder>.');
    process.exit(1);
  }
  console.log(renderSubgraph(deployment, values.out));
}
