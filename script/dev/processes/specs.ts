// The processes of the local stack: command, order and health of each.
import { join } from 'node:path';
import pg from 'pg';
import { modelsFolder, ports, root, serviceNodeFlags, stateFolder, tools, urls } from '../config.ts';
import type { ServiceSpec } from '../supervisor/service.ts';
import { query, rpc } from './rpc.ts';

const answers = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(5000) })).ok;

/** Seconds between two dumps of the chain: what a kill can cost at most. Rewriting a large file oftener slows blocks. */
export const chainDumpInterval = 30;

export const chain: ServiceSpec = {
  name: 'chain',
  command: tools.anvil,
  args: [
    ...['--network', 'optimism', '--host', '127.0.0.1', '--port', String(ports.chain), '--accounts', '15'],
    ...['--gas-limit', '150000000'], // what large L2s have; a deployment that spans blocks loses transactions in anvil 1.7
    ...['--block-time', '1', '--state', join(stateFolder, 'chain.json'), '--state-interval', String(chainDumpInterval)],
    ...['--max-persisted-states', '0'], // no snapshots of past states on disk: graph-node reads events, not old state
  ],
  healthy: async () => Boolean(await rpc(urls.chain, 'eth_blockNumber')),
  startWithin: 60,
  stopWithin: 30, // writes its state
};

export const postgres: ServiceSpec = {
  name: 'postgres',
  command: tools.node,
  args: [join(root, 'script/dev/processes/postgres.ts')],
  healthy: async () => {
    const client = new pg.Client({ connectionString: urls.indexerDatabase, connectionTimeoutMillis: 2000 });
    await client.connect();
    await client.end();
    return true;
  },
  startWithin: 60,
  stopWithin: 20,
};

export const ipfs: ServiceSpec = {
  name: 'ipfs',
  command: tools.node,
  args: [join(root, 'script/dev/ipfs/main.ts')],
  healthy: () => answers(`${urls.ipfs}/health`),
  startWithin: 30,
};

/** How far the index is: the number of its last block, or undefined while it does not answer. */
export async function indexedBlock(): Promise<number | undefined> {
  const answer = await query<{ _meta: { block: { number: number } } }>(urls.subgraph, '{ _meta { block { number } } }').catch(
    () => undefined,
  );
  return answer?._meta.block.number;
}

/** Answers whether the index moves: false once it has stood still for `patience` ms with the chain ahead of it. */
function indexMoves(patience = 30_000): () => Promise<boolean> {
  let last = { block: -1, at: 0 };
  return async () => {
    const block = await indexedBlock();
    if (block === undefined) return false;
    if (block !== last.block) last = { block, at: Date.now() };
    if (Date.now() - last.at < patience) return true;
    const head = Number(await rpc<string>(urls.chain, 'eth_blockNumber').catch(() => block));
    return head - block < 10;
  };
}

/** graph-node over the subgraph that was rendered into the state folder for the network called `network`. */
export const indexer = (network: string): ServiceSpec => ({
  name: 'indexer',
  command: tools.gnd,
  args: [
    ...['dev', '--manifests', './subgraph.yaml:./build'],
    ...['--postgres-url', urls.indexerDatabase, '--ethereum-rpc', `${network}:${urls.chain}`, '--ipfs', urls.ipfs],
    ...['--http-port', String(ports.indexer), '--admin-port', String(ports.indexerAdmin)],
    ...['--index-node-port', String(ports.indexerStatus), '--metrics-port', String(ports.indexerMetrics)],
  ],
  cwd: join(stateFolder, 'subgraph'),
  // Blocks arrive every second; the reorganisation threshold only has to cover what a killed chain may lose.
  env: { GRAPH_ETHEREUM_POLLING_INTERVAL: '500', ETHEREUM_REORG_THRESHOLD: '100', GRAPH_LOG: 'info' },
  healthy: indexMoves(),
  needs: async () => (await chain.healthy()) && (await postgres.healthy()) && (await ipfs.healthy()),
  endsWith: ['postgres'], // it may answer on and index no more once its database was away
  startWithin: 120,
  stopWithin: 1, // it does not heed the signal while it follows a chain; the database keeps what it has written
});

export const engine: ServiceSpec = {
  name: 'engine',
  command: tools.python,
  args: [
    ...['-m', 'openlora', 'serve', '--port', String(ports.engine)],
    ...['--state', join(stateFolder, 'engine'), '--models', modelsFolder, '--ipfs-gateway', urls.ipfs],
  ],
  healthy: async () => {
    const response = await fetch(`${urls.engine}/health`, { signal: AbortSignal.timeout(5000) });
    return ((await response.json()) as { status: string }).status === 'ok';
  },
  startWithin: 180,
};

/** What every operator's service is started with. */
const service = {
  command: tools.node,
  args: [...serviceNodeFlags, join(root, 'oracle-gpu/service/src/main.ts')],
  needs: async () => (await chain.healthy()) && (await postgres.healthy()),
  startWithin: 60,
};
// Long enough for a few questions to share a batch, shorter than the grace in which an earlier fee may be settled (60 s).
const batchSeconds = '45';

export const oracle = (operatorKey: string): ServiceSpec => ({
  ...service,
  name: 'oracle',
  env: {
    PORT: String(ports.oracle),
    OPENLEDGER_OPERATOR_KEY: operatorKey,
    OPENLEDGER_BATCH_SECONDS: batchSeconds,
    // Tools of agents that are written on this machine lie on it.
    OPENLEDGER_AGENT_LOCAL_NETWORK: 'yes',
  },
  healthy: () => answers(`${urls.gateway}/health`),
});

/** Another operator over the same engine: it serves what the first one trained, and trains nothing itself. */
export const oracle2 = (operatorKey: string): ServiceSpec => ({
  ...service,
  name: 'oracle2',
  env: {
    PORT: String(ports.oracle2),
    OPENLEDGER_OPERATOR_KEY: operatorKey,
    OPENLEDGER_BATCH_SECONDS: batchSeconds,
    OPENLEDGER_DATABASE_URL: urls.database2,
    OPENLEDGER_TRAINS: 'no',
  },
  healthy: () => answers(`${urls.gateway2}/health`),
});

export const web: ServiceSpec = {
  name: 'web',
  command: tools.node,
  args: [join(root, 'script/dev/web/main.ts')],
  healthy: () => answers(`${urls.web}/config.json`),
  startWithin: 30,
};
