import { openExaminer } from '../watchtower/examine.ts';
import { openHeldEvidence } from '../watchtower/heldEvidence.ts';
import { openIndexRowsReader } from '../watchtower/indexRows.ts';
import { openWatchMetrics, serveMetrics } from '../watchtower/metrics.ts';
import { openProsecutor } from '../watchtower/prosecute.ts';
import { type WatchOptions, watch } from '../watchtower/watch.ts';
import { openWitness, readReceipts } from '../watchtower/witness.ts';
import { keyOf } from './key.ts';
import { reportLine } from './print.ts';
import { openChainOf, openIpfsOf } from './sources.ts';

/** Options of `openledger watch` besides the sources. */
export const watchOptions = {
  from: { type: 'string' },
  state: { type: 'string' },
  once: { type: 'boolean' },
  'stop-on-fault': { type: 'boolean' },
  patience: { type: 'string' },
  poll: { type: 'string' },
  'metrics-port': { type: 'string' },
  receipts: { type: 'string' },
  'no-refunds': { type: 'boolean' },
  'no-asking': { type: 'boolean' },
} as const;

type Given = {
  rpc?: string | undefined;
  deployment?: string | undefined;
  ipfs?: string | undefined;
  from?: string | undefined;
  state?: string | undefined;
  once?: boolean | undefined;
  'stop-on-fault'?: boolean | undefined;
  patience?: string | undefined;
  poll?: string | undefined;
  'metrics-port'?: string | undefined;
  receipts?: string | undefined;
  'no-refunds'?: boolean | undefined;
  'no-asking'?: boolean | undefined;
};

/** What ends a watch. */
const signals = ['SIGINT', 'SIGTERM'] as const;

/** Follows the chain until it is stopped. Returns whether no batch was faulty or unreadable. */
export async function watchCommand(given: Given, print: (text: string) => void): Promise<boolean> {
  const from = numberOf('--from', given.from, 0);
  const patience = numberOf('--patience', given.patience, 0) ?? 600;
  const poll = numberOf('--poll', given.poll, 0.05) ?? 2;
  const metricsPort = numberOf('--metrics-port', given['metrics-port'], 0);
  const chain = await openChainOf(given);
  const source = { ...chain, ipfs: openIpfsOf(given) };
  const metrics = openWatchMetrics();
  const server = metricsPort === undefined ? undefined : await serveMetrics(metrics, metricsPort);
  const key = keyOf(process.env.OPENLEDGER_WATCH_KEY);
  const known = given.receipts === undefined ? [] : readReceipts(given.receipts);
  const witness = openWitness(chain, chain.deployment.chainId, known);
  const startBlock = BigInt(chain.deployment.startBlock);
  const heldOf = openHeldEvidence(known, openIndexRowsReader(source));
  const { fileContradictions, prosecute, pursue, address } = openProsecutor({
    ...chain,
    startBlock,
    witness,
    heldOf,
    metrics,
    say: print,
    key,
    sendsRefunds: given['no-refunds'] !== true,
    asks: given['no-asking'] !== true,
  });
  const stateFile = given.state ?? `.openledger/watch-${chain.deployment.chainId}.json`;
  const stop = new AbortController();
  const end = (): void => stop.abort();
  for (const signal of signals) process.once(signal, end);
  if (server) print(`Metrics at http://127.0.0.1:${server.port}/metrics.`);
  print(`Watching batches of ${chain.contracts.settlement.address} on chain ${chain.deployment.chainId}.`);
  print(address ? `Filing proofs as ${address}.` : 'Proofs are not filed: OPENLEDGER_WATCH_KEY names no account.');
  const options: WatchOptions = {
    ...chain,
    examine: openExaminer(source),
    metrics,
    stateFile,
    ...(from === undefined ? {} : { from: BigInt(from) }),
    pollMs: poll * 1000,
    patience,
    once: given.once ?? false,
    stopOnFault: given['stop-on-fault'] ?? false,
    signal: stop.signal,
    onReport: (report) => print(reportLine(report)),
    prosecute,
    pursue,
    say: print,
  };
  try {
    await fileContradictions();
    const { batches, faulty, unreadable } = await watch(options);
    print(`${batches} batches checked, ${faulty} with faults, ${unreadable} unreadable.`);
    return faulty === 0 && unreadable === 0;
  } finally {
    for (const signal of signals) process.removeListener(signal, end);
    await server?.stop();
  }
}

function numberOf(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  const isWhole = option !== '--from' && option !== '--metrics-port' ? true : Number.isInteger(value);
  if (text.trim() === '' || !Number.isFinite(value) || value < least || !isWhole)
    throw new Error(`${option} must be a number of at least ${least}, not "${text}".`);
  return value;
}
