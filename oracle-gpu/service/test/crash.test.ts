// The service is killed at each change of its state, once so that the change is lost and once so that it is kept, while
// fifty calls a second go on. Nobody helps it: it is only started again. Nothing is lost, nothing is paid twice.

import type { Session } from '@openledger/sdk';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Actor } from './support/actors.ts';
import { raiseBarrier, type Transition } from './support/barrier.ts';
import { type ChainProxy, startChainProxy } from './support/chainProxy.ts';
import { startLoad } from './support/load.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

const keys = 16;
const callsPerSecond = 50;

let world: World;
let proxy: ChainProxy;
let load: ReturnType<typeof startLoad>;
let contributor: Actor;
let caller: Actor;
let sessions: Session[];
let kills = 0;

beforeAll(async () => {
  proxy = await startChainProxy(inject('chainUrl'));
  const environment = { OPENLEDGER_BATCH_SECONDS: '1', OPENLEDGER_PAYOUT_MINIMUM: '1', OPENLEDGER_CALLS_PER_KEY: '32' };
  world = await openWorld({ chainUrl: proxy.url, environment });
  await world.start();
  const proposer = await world.newActor();
  [contributor, caller] = [await world.newActor(), await world.newActor()];
  const record = makeRecord('what does transfer do', 'moves tokens to another account');
  const datanet = await makeDatanet(world, [[contributor, [record]]]);
  const model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  await world.transact(contributor, world.contracts.pool, 'setPayoutThreshold', [1n]);
  sessions = [];
  for (let index = 0; index < keys; index += 1) sessions.push(await makeSession(world, caller, { ceiling: 20n * 10n ** 18n }));
  load = startLoad(
    world.url,
    model,
    sessions.map(({ apiKey }) => apiKey),
    callsPerSecond,
  );
});

afterAll(async () => {
  await load?.stop();
  await world?.stop();
  await proxy?.stop();
});

/** Time passes on the chain, so that batches become final while the test goes on. */
async function untilInTime(what: string, look: () => Promise<boolean>): Promise<void> {
  let turns = 0;
  await until(what, async () => {
    turns += 1;
    if (turns % 10 === 0) await world.advance(40);
    return look();
  });
}

async function restart(): Promise<void> {
  kills += 1;
  const before = load.answered.length;
  await world.start();
  await until('answers after the restart', async () => load.answered.length > before);
}

const transitions: [string, Transition][] = [
  ['receipts are written', { table: 'receipts', on: 'INSERT', when: 'true' }],
  ['a batch is built', { table: 'batches', on: 'INSERT', when: 'true' }],
  [
    'the data of a batch is pinned',
    { table: 'batches', on: 'UPDATE', when: 'OLD.data_cid IS NULL AND NEW.data_cid IS NOT NULL' },
  ],
  ['a settlement is stored', { table: 'transactions', on: 'INSERT', when: "NEW.purpose LIKE 'settle:%'" }],
  [
    'a settlement is sent',
    {
      table: 'transactions',
      on: 'UPDATE',
      when: "NEW.purpose LIKE 'settle:%' AND OLD.status = 'stored' AND NEW.status = 'sent'",
    },
  ],
  [
    'a settlement is mined',
    {
      table: 'transactions',
      on: 'UPDATE',
      when: "NEW.purpose LIKE 'settle:%' AND OLD.status <> 'mined' AND NEW.status = 'mined'",
    },
  ],
  ['a batch is pending', { table: 'batches', on: 'UPDATE', when: "OLD.status = 'built' AND NEW.status = 'pending'" }],
  ['a finalisation is stored', { table: 'transactions', on: 'INSERT', when: "NEW.purpose LIKE 'finalize:%'" }],
  ['a batch is final', { table: 'batches', on: 'UPDATE', when: "OLD.status = 'pending' AND NEW.status = 'final'" }],
  ['a payout is stored', { table: 'transactions', on: 'INSERT', when: "NEW.purpose = 'pay'" }],
  ['the chain is read', { table: 'cursors', on: 'UPDATE', when: 'true' }],
];

test.each(
  transitions.flatMap(([name, transition]) => [
    { name, transition, outcome: 'lost' as const },
    { name, transition, outcome: 'kept' as const },
  ]),
)('killed as $name, which is $outcome', async ({ transition, outcome }) => {
  const barrier = await raiseBarrier(world.databaseUrl, transition);
  await untilInTime('the change', () => barrier.isWaitedAt());
  await world.kill();
  await barrier.resolve(outcome);
  await restart();
});

test.each(['before', 'after'] as const)('killed %s the chain hears of a transaction', async (when) => {
  const killed = new Promise<void>((done) => {
    proxy.at({
      method: 'eth_sendRawTransaction',
      when,
      act: async () => {
        await world.kill();
        done();
      },
    });
  });
  await Promise.all([killed, untilInTime('the kill', isDead)]);
  await restart();
});

const isDead = (): Promise<boolean> =>
  fetch(`${world.url}/health`).then(
    () => false,
    () => true,
  );

test.each([['lost' as const], ['kept' as const]])(
  'killed as a session is opened, which is %s: it can be opened again',
  async (outcome) => {
    const session = await makeSession(world, caller, { isOpened: false });
    const barrier = await raiseBarrier(world.databaseUrl, { table: 'sessions', on: 'INSERT', when: 'true' });
    const opening = world.gateway.openSession(session).catch((error: unknown) => error);
    await until('the change', () => barrier.isWaitedAt());
    await world.kill();
    await barrier.resolve(outcome);
    expect(await opening).toBeInstanceOf(Error);
    await restart();
    await world.gateway.openSession(session);
    expect((await world.gateway.session(session.apiKey)).sequence).toBe(0);
  },
);

test('killed in the middle of answers: they cost nothing until they are asked again', async () => {
  const stopped = new Promise<void>((done) => {
    world.engine.behaviour.onToken = async () => {
      world.engine.behaviour.onToken = undefined;
      await world.kill();
      done();
    };
  });
  await stopped;
  await restart();
});

test('after all of this every call was answered and charged once, and every wei is where it belongs', async () => {
  await load.stop();
  expect(kills).toBeGreaterThanOrEqual(12);
  expect(load.refused).toEqual([]);
  expect(load.answered).toHaveLength(load.asked());
  expect(load.answered.filter(({ attempts }) => attempts > 1).length).toBeGreaterThanOrEqual(kills);

  const stored = await world.query('SELECT hash, channel, sequence::int, fee::text FROM receipts ORDER BY channel, sequence');
  expect(stored.map(({ hash }) => hash).sort()).toEqual(load.answered.map(({ bundle }) => bundle.receiptHash).sort());
  const last = new Map<unknown, number>();
  for (const { channel, sequence } of stored) {
    expect(sequence).toBe((last.get(channel) ?? 0) + 1);
    last.set(channel, Number(sequence));
  }
  const spent = stored.reduce((sum, { fee }) => sum + BigInt(String(fee)), 0n);
  const states = await Promise.all(sessions.map(({ apiKey }) => world.gateway.session(apiKey)));
  expect(states.reduce((sum, state) => sum + state.spent, 0n)).toBe(spent);
  expect(states.every(({ reserved }) => reserved === 0n)).toBe(true);

  await untilInTime('everything to be final', async () => {
    const [left] = await world.query("SELECT count(*)::int AS count FROM receipts WHERE status <> 'final'");
    return left?.count === 0;
  });
  const { contracts, client, operator } = world;
  const onChain = await Promise.all(sessions.map(({ apiKey }) => world.gateway.session(apiKey)));
  expect(onChain.map(({ collected }) => collected)).toEqual(onChain.map((state) => state.spent));
  const { settled, finalized } = await client.readContract({
    ...contracts.settlement,
    functionName: 'batches',
    args: [operator.address],
  });
  expect(finalized).toBe(settled);
  const perBatch = await world.query(
    "SELECT purpose, count(*)::int AS count FROM transactions WHERE purpose LIKE 'settle:%' AND status IN ('mined', 'final') GROUP BY purpose",
  );
  expect(perBatch).toHaveLength(settled);
  expect(perBatch.every(({ count }) => count === 1)).toBe(true);
  const [paidIn] = await client.readContract({ ...contracts.pool, functionName: 'funding', args: [operator.address] });
  const [sums] = await world.query(
    "SELECT sum(collected)::text AS collected, sum((header->'body'->>'protocolFee')::numeric)::text AS fees FROM batches",
  );
  expect(BigInt(String(sums?.collected))).toBe(spent);
  expect(paidIn + BigInt(String(sums?.fees))).toBe(spent);

  await until('the last payout', async () => (await world.gateway.rewards(contributor.address)).claimable.amount === 0n);
  const [claimed] = await client.readContract({
    ...contracts.pool,
    functionName: 'claimed',
    args: [operator.address, contributor.address],
  });
  const earned = load.answered
    .flatMap(({ bundle }) => bundle.allocations)
    .filter(({ account }) => account === contributor.address.toLowerCase())
    .reduce((sum, { amount }) => sum + amount, 0n);
  expect(claimed).toBe(earned);
});
