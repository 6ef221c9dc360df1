import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { devPrivateKey } from '../../sdk/src/dev/accounts.ts';
import { renderSubgraph } from '../../subgraph/script/render.ts';
import { deploymentFile, environment, ports, stateFolder, urls } from './config.ts';
import { deployContracts } from './deployment.ts';
import { requirePorts } from './ports.ts';
import { rpc } from './processes/rpc.ts';
import * as specs from './processes/specs.ts';
import { say, step } from './progress.ts';
import type { ServiceSpec } from './supervisor/service.ts';
import { supervisor } from './supervisor/supervisor.ts';

/** Whether the environment names a server of one's own for this, so that none is started. */
const replaced = (variable: string) => process.env[variable] !== undefined && environmentWasGiven.has(variable);
const environmentWasGiven = new Set(
  Object.keys(environment).filter((name) => name.endsWith('_URL') && process.env[name] !== undefined),
);

/**
 * Starts the whole stack and returns when all of it is well and the index has reached the chain's head.
 * Errors are one sentence; what had started is stopped before they are thrown.
 */
export async function startStack() {
  const stack = supervisor({ stateFolder, environment, say });
  const begin = (variable: string, spec: ServiceSpec) =>
    replaced(variable) ? undefined : step(`${spec.name} starts`, () => stack.start(spec));
  try {
    await requirePorts(ports);
    await Promise.all([
      (async () => {
        await begin('OPENLEDGER_RPC_URL', specs.chain);
        const fresh = await step('contracts are looked for, or deployed', deployContracts);
        if (!fresh) say(`  found the deployment of ${deploymentFile}`);
      })(),
      begin('OPENLEDGER_DATABASE_URL', specs.postgres),
      begin('OPENLEDGER_IPFS_URL', specs.ipfs),
      begin('OPENLEDGER_ENGINE_URL', specs.engine),
    ]);
    const network = renderSubgraph(deploymentFile, join(stateFolder, 'subgraph'));
    await Promise.all([
      begin('OPENLEDGER_SUBGRAPH_URL', specs.indexer(network))?.then(() => step('index reaches the head', indexAtHead)),
      begin('OPENLEDGER_GATEWAY_URL', specs.oracle(process.env.OPENLEDGER_OPERATOR_KEY ?? devPrivateKey('operator'))),
      begin('OPENLEDGER_WEB_URL', specs.web),
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
