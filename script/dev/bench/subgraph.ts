// `npm run bench -- subgraph [events]`: how fast graph-node reads a long history of the protocol into our index, and how
// fast it answers ten typical queries then. The chain is anvil with invented logs (history/), the rest is what `npm start`
// runs: graph-node, PostgreSQL, IPFS blocks. Beside it, in the same run, the same logs read and decoded without an index.
import { setTimeout as sleep } from 'node:timers/promises';
import { createPublicClient, http, parseAbiItem } from 'viem';
import { query, rpc } from '../processes/rpc.ts';
import { bareIndex } from '../testing/bareIndex.ts';
import { ownPorts } from '../testing/ownPorts.ts';
import { emitLogs, placeEmitters } from './history/chain.ts';
import { makeHistory } from './history/make.ts';
import { questions } from './history/questions.ts';
import { type Measure, report } from './measure.ts';

await ownPorts();
const least = Number(process.argv[3] ?? 100_000);
const ASKED = 40; // times each query
const round = (value: number): number => Math.round(value * 100) / 100;
const bench = 'subgraph';
const measures: Measure[] = [];

let [blocks, events]: [number[], number] = [[], 0];
const index = await bareIndex(async (chain, contracts) => {
  const history = makeHistory(contracts, least);
  events = history.length;
  const kinds = new Set(history.map(({ emitter, topics }) => `${emitter}${topics[0]}`)).size;
  console.log(`${events} events of ${kinds} kinds go onto a chain; takes a minute or two.`);
  await placeEmitters(chain, Object.values(contracts));
  blocks = await emitLogs(chain, history);
});
try {
  const head = Number(await rpc<string>(index.chain, 'eth_blockNumber'));
  const starting = index.start();
  const { first, began } = await firstBlock();
  await until(head);
  const seconds = (performance.now() - began) / 1000;
  await starting;
  const read = Math.min(events, blocks.filter((block) => block > first).length * 100);
  const perSecond = round(read / seconds);
  measures.push({ bench, measure: 'events_per_second', value: perSecond, unit: '1/s', goal: '>=500' });
  measures.push({ bench, measure: 'events_indexed', value: read, unit: '' });

  const plain = await readPlainly(head);
  measures.push({ bench, measure: 'events_per_second_read_without_index', value: plain, unit: '1/s' });
  measures.push({ bench, measure: 'index_to_plain_reading', value: round(perSecond / plain), unit: '×' });

  await askAll();
} finally {
  await index.stop();
}
report(measures);

/** When the index answered first, and which block it had read by then. */
async function firstBlock(): Promise<{ first: number; began: number }> {
  for (let attempt = 0; attempt < 1_200; attempt++) {
    const first = await index.indexedBlock().catch(() => undefined);
    if (first !== undefined) return { first, began: performance.now() };
    await sleep(100);
  }
  throw new Error('The index did not answer within two minutes.');
}

async function until(head: number): Promise<void> {
  for (let said = 0; ; ) {
    const block = (await index.indexedBlock().catch(() => undefined)) ?? 0;
    if (block >= head) return;
    if (Date.now() - said > 15_000) {
      console.log(`block ${block} of ${head}`);
      said = Date.now();
    }
    await sleep(250);
  }
}

/** The same logs read through the node's API, 100 blocks at a time, and nothing more: no index at all. */
async function readPlainly(head: number): Promise<number> {
  const client = createPublicClient({ transport: http(index.chain) });
  const began = performance.now();
  let count = 0;
  for (let from = 1; from <= head; from += 100) {
    count += (await client.getLogs({ fromBlock: BigInt(from), toBlock: BigInt(Math.min(head, from + 99)) })).length;
  }
  if (count !== events) throw new Error(`The chain holds ${count} of ${events} logs.`);
  return round((count * 1000) / (performance.now() - began));
}

async function askAll(): Promise<void> {
  const all: number[] = [];
  for (const question of questions) {
    const times: number[] = [];
    for (let at = 0; at < ASKED; at++) {
      const began = performance.now();
      const answer = await query<Record<string, unknown>>(index.subgraph, question.query(at));
      times.push(performance.now() - began);
      if (Object.values(answer).some((value) => value === null || (Array.isArray(value) && value.length === 0 && at < 10)))
        throw new Error(`"${question.name}" found nothing: this run says nothing about it.`);
    }
    all.push(...times);
    measures.push({ bench, measure: `p95_ms ${question.name}`, value: p95(times), unit: 'ms', goal: '<=100' });
  }
  measures.push({ bench, measure: 'p95_ms of all ten', value: p95(all), unit: 'ms', goal: '<=100' });
  const [owner] = (
    await query<{ models: { owner: { id: `0x${string}` } }[] }>(index.subgraph, '{ models(first: 1) { owner { id } } }')
  ).models;
  if (owner) await compareOwner(owner.owner.id);
}

/** One question both ways: whose models are these? */
async function compareOwner(owner: `0x${string}`): Promise<void> {
  const client = createPublicClient({ transport: http(index.chain) });
  const event = parseAbiItem('event Transfer(address indexed from, address indexed to, uint256 indexed tokenId)');
  const address = index.contracts.ModelRegistry as `0x${string}`;
  const began = performance.now();
  const logs = await client.getLogs({ address, event, args: { to: owner }, fromBlock: 0n });
  const scanned = performance.now() - began;
  const asked = performance.now();
  const { models } = await query<{ models: unknown[] }>(
    index.subgraph,
    `{ models(first: 1000, where: { owner: "${owner}" }) { id name } }`,
  );
  const indexed = performance.now() - asked;
  if (models.length !== logs.length)
    throw new Error(`The index knows ${models.length} models of ${owner}, the chain ${logs.length}.`);
  measures.push({ bench, measure: 'models of an owner, index', value: round(indexed), unit: 'ms' });
  measures.push({ bench, measure: 'models of an owner, logs of the chain', value: round(scanned), unit: 'ms' });
  measures.push({ bench, measure: 'logs_to_index', value: round(scanned / indexed), unit: '×' });
}

function p95(times: readonly number[]): number {
  const rising = [...times].sort((a, b) => a - b);
  return round(rising[Math.floor(0.95 * (rising.length - 1))] ?? 0);
}
