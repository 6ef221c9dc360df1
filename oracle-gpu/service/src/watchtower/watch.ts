import { type Deployment, type SettledEvent, settledEvents, UnreadableBatch } from '@openledger/sdk';
import type { ChainClient } from '../chain/client.ts';
import type { Contracts } from '../chain/contracts.ts';
import { sentence } from '../errors.ts';
import { FileMissing, IpfsUnreachable } from '../ipfs/readVerified.ts';
import { type Examiner, type Report, verdict, withheld } from './examine.ts';
import type { WatchMetrics } from './metrics.ts';
import type { Pursuit } from './prosecute.ts';
import { readState, writeState } from './state.ts';

export type WatchOptions = {
  client: ChainClient;
  contracts: Contracts;
  deployment: Deployment;
  examine: Examiner;
  metrics: WatchMetrics;
  stateFile: string;
  /** Block to begin at where there is no state yet; else the deployment's. */
  from?: bigint;
  pollMs: number;
  /** Seconds for which data may be missing, from a node that answers, before it counts as withheld. */
  patience: number;
  /** Ends at the head of the chain, once nothing waits. */
  once: boolean;
  stopOnFault: boolean;
  signal: AbortSignal;
  onReport: (report: Report) => void;
  /** Does about a batch what its faults deserve, or waits for an answer on chain. Throws when it has to be tried again. */
  prosecute?: (event: SettledEvent, report: Report) => Promise<'done' | 'waits'>;
  /** Does about data that is missing what can be done on chain. Throws when it has to be tried again. */
  pursue?: (event: SettledEvent) => Promise<Pursuit>;
  say: (line: string) => void;
};

export type WatchResult = { batches: number; faulty: number; unreadable: number };

/** `report`: it has been examined, and what it deserves is still to be done. `holds`: it waits for the chain's clock. */
type Waiting = {
  event: SettledEvent;
  attempts: number;
  missingSince?: number;
  notBefore: number;
  report?: Report;
  holds?: boolean;
};

/** Most blocks asked for at once: what public nodes allow. */
const blocksAtOnce = 2_000n;
/** How far it goes back when the chain was reorganised. */
const reorgDepth = 64n;
/** Longest pause between two attempts, ms. */
const longestPause = 60_000;
/** Attempts to file a proof after which a look that ends at the head gives it up. */
const attemptsAtOnce = 5;
/** A batch whose data is missing is looked at this often within its window at least, so that it is asked for in time. */
const looksPerWindow = 10;

/** Follows the chain and examines every new batch until it is told to stop. Outages of chain and IPFS it waits out. */
export async function watch(options: WatchOptions): Promise<WatchResult> {
  const { client, contracts, deployment, examine, metrics, say, signal } = options;
  const state = readState(options.stateFile, deployment.chainId, contracts.settlement.address);
  const startBlock = BigInt(deployment.startBlock);
  /** Blocks before this one have been read. */
  let next = state.done ? BigInt(state.done.block) + 1n : (options.from ?? startBlock);
  let read = state.done && { block: BigInt(state.done.block), hash: state.done.hash };
  const waiting = new Map<string, Waiting>();
  const seen = new Set<string>();
  const result: WatchResult = { batches: 0, faulty: 0, unreadable: 0 };
  const outages = openOutages(say, metrics);
  const betweenLooks = ((deployment.clocks.window ?? Number.POSITIVE_INFINITY) * 1000) / looksPerWindow;
  let failures = 0;

  const hashAt = async (blockNumber: bigint) => (await client.getBlock({ blockNumber })).hash;

  /** Puts the batches of blocks that are new into `waiting`. */
  async function readChain(): Promise<void> {
    const head = await client.getBlockNumber();
    metrics.head.set(Number(head));
    if (read && (read.block > head || (await hashAt(read.block)) !== read.hash)) {
      const shared = BigInt(Math.min(Number(read.block), Number(head)));
      next = shared - reorgDepth > startBlock ? shared - reorgDepth : startBlock;
      read = undefined;
      waiting.clear();
      say(`The chain was reorganised: going back to block ${next}.`);
    }
    while (next <= head && !signal.aborted) {
      const last = next + blocksAtOnce - 1n < head ? next + blocksAtOnce - 1n : head;
      const [hash, events] = await Promise.all([hashAt(last), settledEvents(options, { fromBlock: next, toBlock: last })]);
      for (const event of events) {
        const key = `${event.args.operator}:${event.args.batchIndex}:${event.args.headerHash}`;
        if (!seen.has(key)) waiting.set(key, { event, attempts: 0, notBefore: 0 });
      }
      next = last + 1n;
      read = { block: last, hash };
    }
  }

  /** The state lets a later start see again every batch that still waits. */
  async function save(): Promise<void> {
    const oldest = [...waiting.values()].reduce<bigint | undefined>(
      (least, { event }) => (least === undefined || event.blockNumber < least ? event.blockNumber : least),
      undefined,
    );
    const done = oldest === undefined ? read : await blockBefore(oldest);
    if (!done) return;
    writeState(options.stateFile, { ...state, done: { block: Number(done.block), hash: done.hash } });
    metrics.block.set(Number(done.block));
  }

  async function blockBefore(block: bigint) {
    return block <= startBlock ? undefined : { block: block - 1n, hash: await hashAt(block - 1n) };
  }

  /** Says what was found; then the proof is filed, again and again until the chain has it, or does not want it. */
  async function finish(key: string, entry: Waiting, report: Report): Promise<void> {
    if (entry.report !== report) tell(report, entry.report !== undefined);
    entry.report = report;
    try {
      entry.holds = (await options.prosecute?.(entry.event, report)) === 'waits';
      if (entry.holds) return postpone(entry, betweenLooks);
    } catch (error) {
      await client.getBlockNumber(); // throws in an outage
      const about = `Batch ${report.batchIndex} of ${report.operator}`;
      if (entry.attempts === 0) say(`${about}: no proof could be filed now, trying again: ${sentence(error)}`);
      postpone(entry);
      if (!options.once || entry.attempts < attemptsAtOnce) return;
      say(`${about}: given up.`);
    }
    close(key);
  }

  function close(key: string): void {
    waiting.delete(key);
    seen.add(key);
  }

  /** @param isAgain what was missing at first has come */
  function tell(report: Report, isAgain = false): void {
    if (!isAgain) result.batches += 1;
    metrics.batches.inc({ result: report.faults.length > 0 ? 'failed' : 'passed' });
    metrics.receipts.inc(report.receipts);
    metrics.seconds.observe(report.seconds);
    for (const fault of report.faults) metrics.faults.inc({ fault });
    if (report.faults.length > 0) result.faulty += 1;
    options.onReport(report);
  }

  /** Examines one batch; what stands in its way alone is kept for later. Throws when chain or IPFS does not answer. */
  async function attempt(key: string, entry: Waiting): Promise<void> {
    const { operator, batchIndex, receipts } = entry.event.args;
    try {
      const isMissing = entry.missingSince !== undefined;
      const report = (isMissing ? undefined : entry.report) ?? (await examine(entry.event));
      outages.over('IPFS');
      delete entry.missingSince;
      await finish(key, entry, report);
    } catch (error) {
      if (error instanceof UnreadableBatch) {
        close(key);
        result.unreadable += 1;
        metrics.batches.inc({ result: 'unreadable' });
        say(sentence(error));
      } else if (error instanceof FileMissing) {
        outages.over('IPFS');
        const now = Date.now();
        entry.missingSince ??= now;
        const reason = `${sentence(error)} Nobody can open this batch.`;
        const report = entry.report ?? { operator, batchIndex, receipts, ...verdict([withheld(reason)]), seconds: 0 };
        if (now - entry.missingSince >= options.patience * 1000) return finish(key, entry, report);
        if (entry.attempts === 0) say(`Batch ${batchIndex} of ${operator}: ${sentence(error)} Asking again.`);
        const pursuit = await pursue(entry);
        if (pursuit === 'proven') {
          tell(report);
          return close(key);
        }
        entry.holds = pursuit === 'waits';
        postpone(entry, betweenLooks);
      } else {
        if (error instanceof IpfsUnreachable) throw error;
        await client.getBlockNumber(); // throws in an outage; else it is this batch alone, and no reason to stop at it
        if (entry.attempts === 0) say(`Batch ${batchIndex} of ${operator} cannot be checked now: ${sentence(error)}`);
        postpone(entry);
      }
    }
  }

  async function pursue({ event, attempts }: Waiting): Promise<Pursuit> {
    try {
      return (await options.pursue?.(event)) ?? 'nothing';
    } catch (error) {
      await client.getBlockNumber(); // throws in an outage
      if (attempts === 0) say(`Nothing can be asked on chain now, trying again: ${sentence(error)}`);
      return 'nothing';
    }
  }

  /** @param most ms */
  function postpone(entry: Waiting, most = longestPause): void {
    entry.attempts += 1;
    entry.notBefore = Date.now() + Math.min(pauseAfter(entry.attempts), most);
  }

  function pauseAfter(times: number): number {
    return Math.min(options.pollMs * 2 ** times, longestPause);
  }

  const mayGoOn = (): boolean => !signal.aborted && !(options.stopOnFault && result.faulty > 0);

  while (mayGoOn()) {
    try {
      await readChain();
      outages.over('chain');
      for (const [key, entry] of [...waiting]) {
        if (!mayGoOn()) break;
        if (entry.notBefore <= Date.now()) await attempt(key, entry);
        metrics.waiting.set(waiting.size);
      }
      await save();
      failures = 0;
      if (options.once && [...waiting.values()].every(({ holds, report }) => holds && report)) break;
    } catch (error) {
      failures += 1;
      outages.begin(error instanceof IpfsUnreachable ? 'IPFS' : 'chain', sentence(error));
    }
    if (mayGoOn()) await pause(failures === 0 ? options.pollMs : pauseAfter(failures), signal);
  }
  return result;
}

/** Says once when a source stops answering, and once when it answers again. */
function openOutages(say: (line: string) => void, { up }: WatchMetrics) {
  const since = new Map<string, number>();
  return {
    begin(source: 'chain' | 'IPFS', reason: string): void {
      up.set({ source }, 0);
      if (since.has(source)) return;
      since.set(source, Date.now());
      say(`No answer from ${source}, trying again: ${reason}`);
    },
    over(source: 'chain' | 'IPFS'): void {
      up.set({ source }, 1);
      const began = since.get(source);
      if (began === undefined) return;
      since.delete(source);
      say(`${source} answers again after ${((Date.now() - began) / 1000).toFixed(0)} s.`);
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      done();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
