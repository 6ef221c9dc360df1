// Kills the real processes of the stack while they are idle, and expects each to come back by itself with what it had.
// The indexer runs over a subgraph of one entity per block (testing/tiny-subgraph).
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../access.ts';
import type { Service } from '../supervisor/service.ts';
import { freeOffset } from '../testing/freePort.ts';

const stateFolder = temporaryFolder('faults');
process.env.OPENLEDGER_STATE = stateFolder;
// The settings are read once, when they are imported: choose ports first.
process.env.OPENLEDGER_PORT_OFFSET = String(await freeOffset());
const { environment, root, tools, urls } = await import('../config.ts');
const { supervisor } = await import('../supervisor/supervisor.ts');
const { rpc, query } = await import('./rpc.ts');
const specs = await import('./specs.ts');

const lines: string[] = [];
const stack = supervisor({ stateFolder, environment, say: (line) => lines.push(line), backOff: { first: 1500, longest: 5000 } });
const services = new Map<string, Service>();
const service = (name: string) => {
  const found = services.get(name);
  if (!found) throw new Error(`${name} does not run`);
  return found;
};

const until = async (what: string, condition: () => Promise<boolean>) => {
  for (let attempt = 0; attempt < 240; attempt++) {
    if (await condition().catch(() => false)) return;
    await sleep(250);
  }
  throw new Error(`${what}: this did not come true; ${lines.join('; ')}`);
};
const kill = async (name: string) => {
  const before = service(name).restarts();
  process.kill(service(name).pid() as number, 'SIGKILL');
  await until(`${name} is started again`, async () => service(name).restarts() > before);
};
const isWell = (name: string) => until(`${name} is well`, () => service(name).healthy());

const headNumber = async () => Number(await rpc<string>(urls.chain, 'eth_blockNumber'));
const blockHash = async (number: number) =>
  (await rpc<{ hash: string } | null>(urls.chain, 'eth_getBlockByNumber', [`0x${number.toString(16)}`, false]))?.hash;
const indexedHashes = async (number: number) =>
  (await query<{ blocks: { id: string }[] }>(urls.subgraph, `{ blocks(where: { number: ${number} }) { id } }`)).blocks.map(
    ({ id }) => id,
  );
const atHead = () =>
  until('the index is at the head', async () => ((await specs.indexedBlock()) ?? 0) >= (await headNumber()) - 2);

beforeAll(async () => {
  const tiny = join(root, 'script/dev/testing/tiny-subgraph');
  const build = join(stateFolder, 'subgraph/build');
  const graph = join(root, 'node_modules/@graphprotocol/graph-cli/bin/run.js');
  mkdirSync(build, { recursive: true });
  const built = spawnSync(tools.node, [graph, 'build', '--output-dir', build], { cwd: tiny, encoding: 'utf8' });
  expect(built.stdout + built.stderr).toContain('Build completed');
  cpSync(join(build, 'subgraph.yaml'), join(stateFolder, 'subgraph/subgraph.yaml'));

  const interval = specs.chain.args.map((argument, at, all) => (all[at - 1] === '--state-interval' ? '1' : argument));
  const chain = { ...specs.chain, args: interval };
  for (const spec of [chain, specs.postgres, specs.ipfs, specs.indexer('local')]) {
    services.set(spec.name, await stack.start(spec));
  }
}, 240_000);

afterAll(async () => {
  await stack.stop();
  rmSync(stateFolder, { recursive: true, force: true });
}, 60_000);

test('the index follows the chain', async () => {
  await until('some blocks are mined', async () => (await headNumber()) >= 5);
  await until('block 4 is indexed', async () => ((await specs.indexedBlock()) ?? 0) >= 4);
  expect(await indexedHashes(4)).toEqual([await blockHash(4)]);
});

test('a chain that comes back shorter than the index is a reorganisation', async () => {
  const dump = join(stateFolder, 'chain.json');
  const kept = join(stateFolder, 'kept.json');
  await until('the chain is dumped', async () => existsSync(dump));
  copyFileSync(dump, kept);
  const lost = (await headNumber()) + 2; // mined after the dump, so the killed chain forgets it
  await until('the index knows a block that will be lost', async () => ((await specs.indexedBlock()) ?? 0) >= lost);
  const [before] = await indexedHashes(lost);
  process.kill(service('chain').pid() as number, 'SIGKILL');
  await until('the chain has ended', async () => service('chain').restarts() > 0);
  copyFileSync(kept, dump); // before the back-off ends
  await isWell('chain');
  expect(await headNumber()).toBeLessThan(lost);
  await until('the block is mined anew', async () => (await headNumber()) > lost + 2);
  const after = await blockHash(lost);
  expect(after).not.toBe(before);
  await until('the index has the new block and not the old one', async () => {
    const indexed = await indexedHashes(lost);
    return indexed.length === 1 && indexed[0] === after;
  });
  await atHead();
}, 120_000);

test('a killed database comes back with its rows, and the index with it', async () => {
  const connect = async <Row>(sql: string) => {
    const client = new pg.Client({ connectionString: urls.database, connectionTimeoutMillis: 2000 });
    await client.connect();
    try {
      return (await client.query(sql)).rows as Row[];
    } finally {
      await client.end();
    }
  };
  await connect("CREATE TABLE kept AS SELECT 'here' AS word");
  await kill('postgres');
  await isWell('postgres');
  expect(await connect('SELECT word FROM kept')).toEqual([{ word: 'here' }]);
  await isWell('indexer');
  await atHead();
}, 120_000);

test('killed files come back', async () => {
  const form = new FormData();
  form.append('file', new Blob(['kept']), 'kept.txt');
  const added = (await (await fetch(`${urls.ipfs}/api/v0/add`, { method: 'POST', body: form })).json()) as { Hash: string };
  await kill('ipfs');
  await isWell('ipfs');
  expect(await (await fetch(`${urls.ipfs}/ipfs/${added.Hash}`)).text()).toBe('kept');
}, 60_000);

test('a killed indexer reaches the head again', async () => {
  await kill('indexer');
  await isWell('indexer');
  await atHead();
}, 120_000);

test('all of them killed at once come back, in the order of their needs', async () => {
  for (const one of services.values()) process.kill(one.pid() as number, 'SIGKILL');
  for (const name of services.keys()) await isWell(name);
  await atHead();
}, 120_000);
