// Transactions that no block takes: a real chain whose base fee rises above what was offered.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createPublicClient, defineChain, erc20Abi, type Hex, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { rpc } from '../../../script/dev/processes/rpc.ts';
import { startAnvil } from '../../../script/dev/testing/anvil.ts';
import { createOutbox, type Outbox } from '../src/chain/outbox.ts';
import { openDatabase } from '../src/db/open.ts';
import { openLog } from '../src/log.ts';
import { until } from './support/until.ts';

const log = openLog('silent');
const account = privateKeyToAccount(`0x${randomBytes(32).toString('hex')}` as Hex);
const call = {
  address: '0x00000000000000000000000000000000000000aa', // no contract: it takes anything
  abi: erc20Abi,
  functionName: 'transfer',
  args: ['0x00000000000000000000000000000000000000bb', 1n],
} as const;

let anvil: Awaited<ReturnType<typeof startAnvil>>;
let database: Awaited<ReturnType<typeof openDatabase>>;
let url: string;

function openChain() {
  const chain = defineChain({
    id: 31_337,
    name: 'test',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [anvil.url] } },
  });
  return { client: createPublicClient({ chain, transport: http(anvil.url), cacheTime: 0 }), account, chainId: 31_337 };
}

beforeAll(async () => {
  const server = inject('databaseServer');
  const name = `outbox_${Date.now()}`;
  const admin = new pg.Client({ connectionString: `${server}postgres` });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  url = `${server}${name}`;
  database = await openDatabase(url, log);
});

afterAll(() => database?.close());

beforeEach(async () => {
  anvil = await startAnvil();
  await rpc(anvil.url, 'anvil_setBalance', [account.address, `0x${(10n ** 20n).toString(16)}`]);
  await rpc(anvil.url, 'evm_setAutomine', [false]);
});

afterEach(async () => {
  await anvil.stop();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('DELETE FROM transactions');
  await client.end();
});

/** Blocks from here on cost far more than what was offered. */
async function raiseBaseFee(): Promise<void> {
  const { baseFeePerGas } = await openChain().client.getBlock();
  const dear = (baseFeePerGas ?? 1n) * 5n;
  await rpc(anvil.url, 'anvil_setNextBlockBaseFeePerGas', [`0x${dear.toString(16)}`]);
  await rpc(anvil.url, 'evm_mine', []);
  await rpc(anvil.url, 'anvil_setNextBlockBaseFeePerGas', [`0x${dear.toString(16)}`]);
}

async function mine(outbox: Outbox): Promise<void> {
  await rpc(anvil.url, 'evm_mine', []);
  await outbox.follow();
}

test('a transaction whose fee has become too low is sent again with a higher one, and mined once', async () => {
  const chain = openChain();
  const outbox = createOutbox(database.db, chain as never, log, 0);
  const row = await outbox.send('pay', call);
  await raiseBaseFee();
  await mine(outbox);
  expect(await chain.client.getTransactionCount({ address: account.address })).toBe(0);
  const waiting = outbox.settled(row);
  await until('the block that takes it', async () => {
    await mine(outbox);
    return (await chain.client.getTransactionCount({ address: account.address })) === 1;
  });
  await mine(outbox);
  expect((await waiting).transactionHash).not.toBe(row.hash);
  expect(await outbox.isInFlight('pay')).toBe(false);
  const next = await outbox.send('pay', call);
  expect(next.nonce).toBe(1);
});

test('what was signed again is found after a restart, and nothing is sent beside it', async () => {
  const chain = openChain();
  const before = createOutbox(database.db, chain as never, log, 0);
  await before.send('pay', call);
  await raiseBaseFee();
  await before.follow();
  const after = createOutbox(database.db, chain as never, log, 3_600_000);
  expect(await after.isInFlight('pay')).toBe(true);
  expect((await after.send('other', call)).nonce).toBe(1);
  await until('both in a block', async () => {
    await mine(after);
    return (await chain.client.getTransactionCount({ address: account.address })) === 2;
  });
  await mine(after);
  expect([await after.isInFlight('pay'), await after.isInFlight('other')]).toEqual([false, false]);
});

test('a transaction that waits for another reason is not bid up without end', async () => {
  const chain = openChain();
  const outbox = createOutbox(database.db, chain as never, log, 0);
  await outbox.send('pay', call);
  for (let round = 0; round < 60; round += 1) await outbox.follow();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM transactions');
  await client.end();
  expect(rows[0]?.count).toBeGreaterThan(1);
  expect(rows[0]?.count).toBeLessThan(25);
});
