// An index without a protocol behind it: anvil, PostgreSQL, IPFS blocks and graph-node over the subgraph, aimed at
// addresses where nothing is deployed. For what needs the index alone: its API's schema, its speed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtureDeployment } from '../../../subgraph/script/manifest.ts';
import { renderSubgraph } from '../../../subgraph/script/render.ts';
import { environment, ports, stateFolder, urls } from '../config.ts';
import * as specs from '../processes/specs.ts';
import { supervisor } from '../supervisor/supervisor.ts';
import { startAnvil } from './anvil.ts';

/**
 * Uses the ports and state of the process: call ownPorts() first.
 * @param fill is called with the chain's URL before the index starts, so that the index finds a history to read
 * @returns the subgraph's URL, what was deployed (addresses only), and how to start the index and stop all
 */
export async function bareIndex(fill: (chain: string, contracts: Record<string, string>) => Promise<void> = async () => {}) {
  const { contracts, ...rest } = fixtureDeployment();
  const chain = await startAnvil({ port: ports.chain });
  const stack = supervisor({ stateFolder, environment, say: (line) => console.log(line) });
  const stop = async () => {
    await stack.stop();
    await chain.stop();
  };
  try {
    await fill(chain.url, contracts);
    const file = join(stateFolder, 'deployment.json');
    mkdirSync(stateFolder, { recursive: true });
    writeFileSync(file, JSON.stringify({ ...rest, contracts }));
    const network = renderSubgraph(file, join(stateFolder, 'subgraph'));
    for (const spec of [specs.postgres, specs.ipfs]) await stack.start(spec);
    return {
      ...{ chain: chain.url, subgraph: urls.subgraph, contracts, indexedBlock: specs.indexedBlock, stop },
      start: () => stack.start(specs.indexer(network)),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
