import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { devPrivateKey } from '../../sdk/src/dev/accounts.ts';
import { renderSubgraph } from '../../subgraph/script/render.ts';
import { requireEntrance } from './access.ts';
import { deploymentFile, environment, ports, stateFolder, urls } from './config.ts';
import { deployContracts, isDeployed } from './deployment.ts';
import { requirePorts } from './ports.ts';
import { rpc } from './processes/rpc.ts';
import * as specs from './processes/specs.ts';
import { say, step } from './progress.ts';
import type { ServiceSpec } from './supervisor/service.ts';
import { supervisor } from './supervisor/supervisor.ts';

/** Which environment variable replaces which process by a server of one's own; then none is started. */
const replacements = {
  chain: 'OPENLEDGER_RPC_URL',
  postgres: 'OPENLEDGER_DATABASE_URL',
  ipfs: 'OPENLEDGER_IPFS_URL',
  engine: 'OPENLEDGER_ENGINE_URL',
  indexer: 'OPENLEDGER_SUBGRAPH_URL',
  oracle: 'OPENLEDGER_GATEWAY_URL',
} as const;
const isReplaced = (name: string) => {
  const variable = replacements[name as keyof typeof replacements];
  return variable !== undefined && process.env[variable] !== undefined;
};

/** What follows from a chain and is worth nothing without it; files stay, as their content names them. */
const followers = ['postgres', 'engine', 'subgraph', 'broadcast', 'demonstration.json'];

/**
 * Starts the whole stack and returns when all of it is well and the index has reached the chain's head.
 * Errors are one sentence; what had started is stopped before they are thrown.
 */
export async function startStack() {
  const stack = supervisor({ stateFolder, environment, say });
  const begin = async (spec: ServiceSpec) => {
    if (isReplaced(spec.name)) return say(`${spec.name} is one of your own: ${process.env[replacements[spec.name as 'chain']]}`);
    return step(`${spec.name} starts`, () => stack.start(spec));
  };
  try {
    if (!isReplaced('postgres')) requireEntrance(stateFolder);
    await requirePorts(
      Object.fromEntries(Object.entries(ports).filter(([name]) => !isReplaced(name.replace(/^(indexer|oracle).*/, '$1')))),
    );
    const chain = await begin(specs.chain);
    const deployed = await isDeployed();
    if (!deployed) {
      for (const name of followers) rmSync(join(stateFolder, name), { recursive: true, force: true });
    }
    await Promise.all([
      deployed
        ? say(`  the contracts are there: ${deploymentFile}`)
        : step('contracts are deployed', deployContracts).then(() => chain?.restart()), // so that they are on disk
      begin(specs.postgres),
      begin(specs.ipfs),
      begin(specs.engine),
    ]);
    const network = renderSubgraph(deploymentFile, join(stateFolder, 'subgraph'));
    await Promise.all([
      begin(specs.indexer(network)).then(() => step('index reaches the head', indexAtHead)),
      begin(specs.oracle(process.env.OPENLEDGER_OPERATOR_KEY ?? devPrivateKey('operator'))),
      isReplaced('postgres') || isReplaced('oracle')
        ? say('oracle2, the second operator, is not started beside a database or service of your own')
        : begin(specs.oracle2(devPrivateKey('operator2'))),
      begin(specs.web),
    ]);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  return stack;
}

/** Waits until the index is at most two blocks behind the chain. */
export async function indexAtHead(): Promise<void> {
  for (;;) {
    const [head, indexed] = [Number(await rpc<string>(urls.chain, 'eth_blockNumber')), await specs.indexedBlock()];
    if (indexed !== undefined && indexed >= head - 2) return;
    await sleep(500);
  }
}

/** Where the demonstration notes that it has run on this state. */
export const demonstrationNote = join(stateFolder, 'demonstration.json');
export const demonstrationRan = () => existsSync(demonstrationNote);
