// Each kind of false batch that the contracts accept loses to the proof built from its published data; an honest one to none.
import {
  type Allocation,
  batchFileSchema,
  equivocation,
  findProofs,
  openLedgerDomain,
  type ReceiptBundle,
  type RecordScore,
  receiptBundleSchema,
  type Session,
  signReceipt,
} from '@openledger/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { rpc } from '../../../script/dev/processes/rpc.ts';
import type { Actor } from './support/actors.ts';
import { caseAgainst, send } from './support/challenger.ts';
import { type Lie, moveOneWei, richest, type Settled, settleBatch } from './support/falseBatch.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let challenger: Actor;
let sessions: [Session, Session];
let bundles: ReceiptBundle[];
let honest: Settled;
let snapshot: string;
const answerSchema = z.looseObject({ receipt: receiptBundleSchema });

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, bob, proposer] = [await world.newActor(), await world.newActor(), await world.newActor()];
  challenger = await world.newActor();
  const datanet = await makeDatanet(world, [
    [alice, [makeRecord('what does transfer do', 'moves tokens to another account')]],
    [bob, [makeRecord('what does approve do', 'lets a spender move tokens later')]],
  ]);
  const { modelId } = await makeModel(world, proposer, datanet);
  sessions = [await makeSession(world, await world.newActor()), await makeSession(world, await world.newActor())];
  const ask = async ({ apiKey }: Session): Promise<ReceiptBundle> => {
    const client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'what does transfer do' }];
    return answerSchema.parse(await client.chat.completions.create({ model: `model/${modelId}`, messages, max_tokens: 16 }))
      .receipt;
  };
  await ask(sessions[0]);
  await ask(sessions[1]);
  await world.gateway.settle();
  const batch = await until('the batch', async () => {
    const [newest] = await world.gateway.batches(world.operator.address);
    return newest?.header && newest.dataCid ? newest : undefined;
  });
  const { rewards } = batchFileSchema.parse(JSON.parse(await world.readFile(batch.dataCid as string)));
  honest = { header: batch.header as Settled['header'], rewards };
  bundles = [await ask(sessions[0]), await ask(sessions[0]), await ask(sessions[1])];
  await world.kill(); // from here on the operator settles by hand
  snapshot = await rpc<string>(inject('chainUrl'), 'evm_snapshot', []);
});

beforeEach(async () => {
  await rpc(inject('chainUrl'), 'evm_revert', [snapshot]);
  snapshot = await rpc<string>(inject('chainUrl'), 'evm_snapshot', []);
  await world.mine();
});

afterAll(() => world?.stop());

const onChain = () =>
  world.client.readContract({ ...world.contracts.settlement, functionName: 'batches', args: [world.operator.address] });

/** The richest account gains a wei at one receipt and loses it at another. */
const shiftBetweenReceipts = (honest: Allocation[], position: number): Allocation[] => {
  const moved = [1n, -1n][position] ?? 0n;
  const most = richest(honest);
  return honest.map((one) => (one === most ? { ...one, amount: one.amount + moved } : one));
};

/** The richest account's allocation in two parts. */
const splitRichest = (honest: Allocation[]): Allocation[] => {
  const most = richest(honest);
  return honest.flatMap((one) =>
    one === most
      ? [
          { ...one, amount: one.amount - 1n },
          { ...one, amount: 1n, weight: 0n },
        ]
      : [one],
  );
};

/** What the last account has is the first one's. */
const withoutLast = (rewards: Allocation[]): Allocation[] => {
  const [first, ...others] = rewards;
  const last = others.pop();
  if (!first || !last) throw new Error('Two accounts are needed.');
  return [{ ...first, amount: first.amount + last.amount, weight: first.weight + last.weight }, ...others];
};

const moveWeight = (rewards: Allocation[]): Allocation[] => {
  const giver = rewards.findIndex(({ weight }) => weight > 0n);
  const taker = giver === 0 ? 1 : 0;
  return rewards.map((one, index) => ({
    ...one,
    weight: index === giver ? one.weight - 1n : index === taker ? one.weight + 1n : one.weight,
  }));
};

const moved = 10_000n;
const reversed = <T>(items: readonly T[]): T[] => [...items].reverse();
/** The last receipt of the first session has a sequence that nobody pays for. */
const jump: Lie['receipt'] = ({ sequence }) => (sequence === 3 ? { sequence: 9 } : {});

const stranger = '0x00000000000000000000000000000000000000ff';
/** The first record of the evidence, said to be something else. */
const withRecord =
  (change: Partial<RecordScore>): Lie['evidence'] =>
  (evidence) => ({
    ...evidence,
    records: evidence.records.map((record, rank) => (rank === 0 ? { ...record, ...change } : record)),
  });

const ownPool: Lie['parameters'] = (honest) => ({
  ...honest,
  poolSizes: honest.poolSizes.map((one, at) => (at === 0 ? { ...one, pool: stranger } : one)),
});

const lies: [what: string, fault: string, lie: Lie][] = [
  ['receipts out of order', 'disorder', { order: reversed }],
  ['an account twice in one receipt', 'disorder', { settledAllocations: splitRichest }],
  ['rewards out of order', 'disorder', { rewards: reversed }],
  ['fees that cannot be shared exactly', 'malformed leaf', { receipt: ({ fee }, at) => (at < 2 ? { fee: fee + 5_000n } : {}) }],
  ['a sequence without a receipt', 'missing receipt', { receipt: jump }],
  ['a receipt that nobody pays for', 'stray receipt', { receipt: jump }],
  ['one channel pays for another', 'wrong collection', { collected: ([a = 0n, b = 0n]) => [a + moved, b - moved] }],
  ['rewards moved by a wei', 'misaccounting', { rewards: moveOneWei }],
  ['the weight of votes moved', 'misaccounting', { rewards: moveWeight }],
  ['an account that vanished', 'misaccounting', { rewards: withoutLast }],
  ['allocations at the place of another receipt', 'stray allocation', { positions: reversed }],
  ['another fee version', 'mislabelled receipt', { receipt: () => ({ feeVersion: 7 }) }],
  ['a fee too high', 'wrong price', { receipt: ({ fee }, at) => (at === 0 ? { fee: fee + 10_000n } : {}) }],
  ['a fee too low', 'wrong price', { receipt: ({ fee }, at) => (at === 2 ? { fee: fee - 10_000n } : {}) }],
  ['allocations settled otherwise than stated', 'unfaithful allocation', { settledAllocations: moveOneWei }],
  ['a wei that the evidence gives to another', 'unfounded allocation', { allocations: moveOneWei }],
  ['votes that the evidence gives to another', 'unfounded allocation', { allocations: moveWeight }],
  ['a cap of the operator’s own', 'unfounded allocation', { parameters: (honest) => ({ ...honest, contributorCapBps: 1 }) }],
  ['a burned share of the operator’s own', 'unfounded allocation', { parameters: (honest) => ({ ...honest, burnBps: 1 }) }],
  [
    'a channel’s weight of the operator’s own',
    'unfounded allocation',
    { parameters: (honest) => ({ ...honest, channelWeights: { influence: 10_000, verbatim: 0, retrieval: 0 } }) },
  ],
  ['a floor of the operator’s own', 'unfounded allocation', { parameters: (honest) => ({ ...honest, fidelityFloorBps: 1 }) }],
  ['a pool of the operator’s own', 'unfounded allocation', { parameters: ownPool }],
  ['a datanet left out', 'unfounded allocation', { parameters: (honest) => ({ ...honest, poolSizes: [] }) }],
  ['a record of another contributor', 'false record', { evidence: withRecord({ contributor: stranger }) }],
  ['a record that is in no row', 'false record', { evidence: withRecord({ position: 1_000 }) }],
  ['a score in two parts of a row of one', 'false score', { evidence: withRecord({ partials: [900, 900] }) }],
  ['another null threshold', 'false record', { evidence: (evidence) => ({ ...evidence, nullThreshold: 7 }) }],
  ['allocations that sum to another fee', 'unbalanced allocation', { allocations: shiftBetweenReceipts }],
];

test.each(lies)('%s: %s', async (_, fault, lie) => {
  await settleBatch(world, sessions, bundles, honest, lie);
  const proofs = findProofs(await caseAgainst(world, 2));
  const proof = proofs.find((one) => one.fault === fault);
  if (!proof) throw new Error(`Only found: ${proofs.map((one) => one.fault).join(', ') || 'nothing'}.`);
  await send(world, challenger, proof);
  expect((await onChain()).voidedFrom).toBe(2);
});

test('every proof that is found for a lie is one that the chain takes', async () => {
  for (const [what, , lie] of lies) {
    const before = await rpc<string>(inject('chainUrl'), 'evm_snapshot', []);
    await settleBatch(world, sessions, bundles, honest, lie);
    for (const { contract, data, fault } of findProofs(await caseAgainst(world, 2))) {
      const { address } = contract === 'EvidenceProofs' ? world.contracts.evidenceProofs : world.contracts.proofs;
      const call = world.client.call({ account: challenger.address, to: address, data });
      await expect(call, `${what}: ${fault}`).resolves.toBeDefined();
    }
    await rpc(inject('chainUrl'), 'evm_revert', [before]);
    await world.mine();
  }
});

test('a receipt settled otherwise than it was signed: contradicted while pending, by what the payer holds', async () => {
  const lie: Lie = { receipt: (_, at) => (at === 0 ? { promptHash: `0x${'11'.repeat(32)}` } : {}) };
  await settleBatch(world, sessions, bundles, honest, lie);
  expect(findProofs(await caseAgainst(world, 2))).toEqual([]);
  const given = await caseAgainst(world, 2, bundles);
  const [proof, ...others] = findProofs(given);
  expect([proof?.fault, others]).toEqual(['contradicted receipt', []]);
  if (proof) await send(world, challenger, proof);
  expect((await onChain()).voidedFrom).toBe(2);
});

test('two receipts signed for one sequence: the stake pays, once', async () => {
  const [bundle] = bundles as [ReceiptBundle];
  const domain = openLedgerDomain(world.deployment.chainId, world.contracts.settlement.address);
  const receipt = { ...bundle.receipt, promptHash: `0x${'22'.repeat(32)}` as const };
  const other = { receipt, signature: await signReceipt(world.operator.account, receipt, domain) };
  const proof = equivocation(world.operator.address, bundle, other);
  if (!proof) throw new Error('no proof');
  await send(world, challenger, proof);
  await expect(send(world, challenger, proof)).rejects.toThrow();
  expect(equivocation(world.operator.address, bundle, bundle)).toBeUndefined();
});

test('an honest batch loses to none, whoever shows its receipts', async () => {
  await settleBatch(world, sessions, bundles, honest);
  expect(findProofs(await caseAgainst(world, 2, bundles))).toEqual([]);
  expect(findProofs(await caseAgainst(world, 1, bundles))).toEqual([]);
});
