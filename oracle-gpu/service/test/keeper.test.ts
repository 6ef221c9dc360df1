// Whoever asked for it is paid what it is owed, without claiming.
import { parseEventLogs } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from './support/actors.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let alice: Actor;
let bob: Actor;
let proposer: Actor;
let model: string;
let apiKey: string;

const minimum = 10n ** 12n;

beforeAll(async () => {
  world = await openWorld({ environment: { OPENLEDGER_PAYOUT_MINIMUM: String(minimum) } });
  await world.start();
  [alice, bob, proposer] = [await world.newActor(), await world.newActor(), await world.newActor()];
  const datanet = await makeDatanet(world, [
    [alice, [makeRecord('what does transfer do', 'moves tokens from the caller to another account')]],
    [bob, [makeRecord('what does grantRole do', 'gives a role to an account')]],
  ]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  apiKey = (await makeSession(world, await world.newActor())).apiKey;
});

afterAll(() => world?.stop());

const wish = (actor: Actor, threshold: bigint) => world.transact(actor, world.contracts.pool, 'setPayoutThreshold', [threshold]);
const owed = async ({ address }: Actor) => (await world.gateway.rewards(address)).claimable.amount;

async function ask(content: string): Promise<void> {
  const response = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ model, max_tokens: 16, temperature: 0, messages: [{ role: 'user', content }] }),
  });
  expect(response.status).toBe(200);
  await response.text();
}

/** Two answers, one about each contributor's record, settled and final. */
async function earn(): Promise<void> {
  await ask('what does transfer do');
  await ask('what does grantRole do');
  const settled = async () =>
    (await world.gateway.batches(world.operator.address)).filter(({ status }) => status === 'pending' || status === 'final');
  const before = (await settled()).length;
  await world.gateway.settle();
  const isNew = async () => ((await settled()).length > before ? (await settled())[0] : undefined);
  await until('the batch', isNew);
  await world.advance(40);
  await until('finality', async () => (await isNew())?.status === 'final');
}

test('two who asked for it are paid by one transaction, who did not ask keeps what it is owed', async () => {
  const before = [await world.balanceOf(alice.address), await world.balanceOf(proposer.address)];
  await wish(alice, 1n);
  await wish(proposer, 1n);
  await wish(bob, 10n ** 28n);
  const from = await world.client.getBlockNumber();
  await earn();
  await until('the payout', async () => (await owed(alice)) === 0n && (await owed(proposer)) === 0n);
  const logs = await world.client.getLogs({ address: world.contracts.pool.address, fromBlock: from });
  const claims = parseEventLogs({ abi: world.contracts.pool.abi, logs, eventName: 'RewardClaimed' });
  expect(claims.map(({ args }) => args.account).sort()).toEqual([alice.address, proposer.address].sort());
  expect(new Set(claims.map(({ transactionHash }) => transactionHash)).size).toBe(1);
  expect(claims.every(({ args }) => args.actor === world.operator.address)).toBe(true);
  const paid = new Map(claims.map(({ args }) => [args.account, args.amount]));
  expect(await world.balanceOf(alice.address)).toBe((before[0] ?? 0n) + (paid.get(alice.address) ?? 0n));
  expect(paid.get(alice.address)).toBeGreaterThan(minimum);
  expect(await owed(bob)).toBeGreaterThan(0n);
});

test('a wish that is taken back ends the payouts, and one that is lowered pays what has gathered', async () => {
  await wish(alice, 0n);
  await wish(bob, 1n);
  await until('the payout', async () => (await owed(bob)) === 0n);
  await earn();
  await until('the next payout', async () => (await owed(bob)) === 0n);
  expect(await owed(alice)).toBeGreaterThan(0n);
});

test('killed before the payout reaches the chain: it is paid once after the restart', async () => {
  await world.kill();
  const before = await world.balanceOf(alice.address);
  await wish(alice, 1n);
  await world.start();
  const due = await owed(alice);
  await until(
    'the stored payout',
    async () => (await world.query("SELECT 1 FROM transactions WHERE purpose = 'pay'")).length > 0,
  );
  await world.kill();
  await world.start();
  await until('the payout', async () => (await owed(alice)) === 0n);
  expect(await world.balanceOf(alice.address)).toBeGreaterThan(before);
  expect((await world.balanceOf(alice.address)) - before).toBeGreaterThanOrEqual(due);
});
