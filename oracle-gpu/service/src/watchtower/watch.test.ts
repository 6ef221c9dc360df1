// The watch's way through the chain, on a real node. In place of Settlement stands code that emits whatever it is told.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SettledEvent, settlementAbi, UnreadableBatch } from '@openledger/sdk';
import {
  type Address,
  concatHex,
  encodeAbiParameters,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  toEventSelector,
  zeroHash,
} from 'viem';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { rpc } from '../../../../script/dev/processes/rpc.ts';
import { startAnvil } from '../../../../script/dev/testing/anvil.ts';
import { openClient } from '../chain/client.ts';
import type { Contracts } from '../chain/contracts.ts';
import { FileMissing } from '../ipfs/readVerified.ts';
import type { Report } from './examine.ts';
import { openWatchMetrics } from './metrics.ts';
import { type WatchOptions, watch } from './watch.ts';

const folder = mkdtempSync(join(tmpdir(), 'openledger-watch-'));
const settlement: Address = `0x${'5e'.repeat(20)}`;
const operator: Address = `0x${'0a'.repeat(20)}`;
const deployment = { chainId: 31_337, startBlock: 0, deployedAt: 0, clocks: {}, contracts: { Settlement: settlement } };
/** Emits LOG4 with the first four words of its calldata as topics and the rest as data. */
const emitter = '0x606035604035602035600035608036038060806000376000a400' as Hex;

let anvil: Awaited<ReturnType<typeof startAnvil>>;
let client: WatchOptions['client'];
let stateFile: string;

beforeAll(async () => {
  anvil = await startAnvil();
  await rpc(anvil.url, 'anvil_setCode', [settlement, emitter]);
  client = await openClient({ rpcUrl: anvil.url, deployment, pollMs: 50 });
});

beforeEach(({ task }) => {
  stateFile = join(folder, `${task.id}.json`);
});

afterAll(async () => {
  await anvil.stop();
  rmSync(folder, { recursive: true, force: true });
});

const nextBlock = async (): Promise<bigint> => (await client.getBlockNumber()) + 1n;
const hashOf = (batchIndex: number, salt: number): Hex => keccak256(numberToHex(batchIndex * 1_000 + salt, { size: 32 }));

/** Has the chain say that a batch was settled; `salt` makes it another batch of that number. */
async function settle(batchIndex: number, salt = 0): Promise<void> {
  const event = settlementAbi.find((item) => item.type === 'event' && item.name === 'BatchSettled');
  if (event?.type !== 'event') throw new Error('no event');
  const inputs = event.inputs.filter((input) => !('indexed' in input && input.indexed));
  const values = inputs.map(({ type }) =>
    type === 'bytes32' ? zeroHash : type === 'bytes' ? '0x00' : type === 'uint32' ? 0 : 0n,
  );
  const [from] = await rpc<Address[]>(anvil.url, 'eth_accounts', []);
  const headerHash = hashOf(batchIndex, salt);
  const data = concatHex([
    toEventSelector(event),
    pad(operator),
    numberToHex(batchIndex, { size: 32 }),
    headerHash,
    encodeAbiParameters(inputs, values as never),
  ]);
  await rpc(anvil.url, 'eth_sendTransaction', [{ from, to: settlement, data }]);
}

async function follow(
  examine: (event: SettledEvent) => Promise<Report>,
  changes: Partial<WatchOptions> = {},
): Promise<{ reports: Report[]; said: string[]; result: Awaited<ReturnType<typeof watch>> }> {
  const [reports, said]: [Report[], string[]] = [[], []];
  const result = await watch({
    client,
    contracts: { settlement: { address: settlement, abi: settlementAbi } } as Contracts,
    deployment,
    examine,
    metrics: openWatchMetrics(),
    stateFile,
    from: await nextBlock(),
    pollMs: 50,
    patience: 600,
    once: true,
    stopOnFault: false,
    signal: new AbortController().signal,
    onReport: (report) => void reports.push(report),
    say: (line) => void said.push(line),
    ...changes,
  });
  return { reports, said, result };
}

const pass = async ({ args }: SettledEvent): Promise<Report> => ({
  operator: args.operator,
  batchIndex: args.batchIndex,
  receipts: 1,
  checks: [],
  faults: [],
  seconds: 0,
});

test('a batch whose data comes late keeps its place in the state, and the others do not wait for it', async () => {
  const from = await nextBlock();
  for (const index of [1, 2, 3]) await settle(index);
  let isThere = false;
  const stop = new AbortController();
  const order: number[] = [];
  const late = async (event: SettledEvent): Promise<Report> => {
    if (event.args.batchIndex === 1 && !isThere) throw new FileMissing('not there yet.');
    return pass(event);
  };
  const onReport = ({ batchIndex }: Report): void => {
    order.push(batchIndex);
    if (batchIndex === 3) stop.abort();
  };
  await follow(late, { from, once: false, signal: stop.signal, onReport });
  expect(order).toEqual([2, 3]);
  const { done } = JSON.parse(readFileSync(stateFile, 'utf8')) as { done: { block: number } };
  expect(done.block).toBe(Number(from) - 1);
  isThere = true;
  const again = await follow(late); // a later start sees it again
  expect(again.reports.map(({ batchIndex }) => batchIndex)).toEqual([1, 2, 3]);
});

test('data that stays away from a node that answers is withheld', async () => {
  const from = await nextBlock();
  await settle(1);
  const missing = async (): Promise<Report> => {
    throw new FileMissing('The IPFS node does not have it.');
  };
  const { reports, result } = await follow(missing, { from, patience: 0.1 });
  expect(reports[0]?.faults).toEqual(['withheld data']);
  expect(result).toEqual({ batches: 1, faulty: 1, unreadable: 0 });
});

test('a batch that cannot be read, and one that breaks the check, stop no other', async () => {
  const from = await nextBlock();
  for (const index of [1, 2, 3]) await settle(index);
  let tries = 0;
  const { reports, said, result } = await follow(
    async (event) => {
      if (event.args.batchIndex === 1) throw new UnreadableBatch('Settled through another contract.');
      tries += event.args.batchIndex === 2 ? 1 : 0;
      if (event.args.batchIndex === 2 && tries < 2) throw new Error('Something broke.');
      return pass(event);
    },
    { from },
  );
  expect(reports.map(({ batchIndex }) => batchIndex)).toEqual([3, 2]);
  expect(said).toEqual(['Settled through another contract.', expect.stringContaining('Something broke.')]);
  expect(result).toEqual({ batches: 2, faulty: 0, unreadable: 1 });
});

test('after a reorganisation it goes back, and checks what was settled instead', async () => {
  const snapshot = await rpc<string>(anvil.url, 'evm_snapshot', []);
  const from = await nextBlock();
  await settle(1, 1);
  await settle(2, 1);
  const first = await follow(pass, { from });
  expect(first.reports.map(({ batchIndex }) => batchIndex)).toEqual([1, 2]);
  await rpc(anvil.url, 'evm_revert', [snapshot]);
  await rpc(anvil.url, 'evm_increaseTime', [5]);
  await settle(1, 2);
  const examined: Hex[] = [];
  const { said } = await follow((event) => {
    examined.push(event.args.headerHash);
    return pass(event);
  });
  expect(said[0]).toContain('The chain was reorganised: going back to block');
  expect(examined).toContain(hashOf(1, 2));
  expect(examined).not.toContain(hashOf(1, 1));
});
