import { batchFileSchema, batchHeaderSchema, type ReceiptBundle, receiptBundleSchema, verifyBatch } from '@openledger/sdk';
import OpenAI from 'openai';
import { isAddressEqual } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { type Datanet, makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { notPassed } from './support/verified.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let alice: Actor;
let bob: Actor;
let proposer: Actor;
let caller: Actor;
let datanet: Datanet;
let model: Awaited<ReturnType<typeof makeModel>>;
let apiKey: string;

const chunkSchema = z.looseObject({ receipt: receiptBundleSchema.optional() });
const client = (): OpenAI => new OpenAI({ baseURL: `${world.url}/v1`, apiKey, maxRetries: 0 });

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  alice = await world.newActor();
  bob = await world.newActor();
  proposer = await world.newActor();
  caller = await world.newActor();
  datanet = await makeDatanet(world, [
    [
      alice,
      [
        makeRecord('what does transfer do', 'moves tokens from the caller to another account'),
        makeRecord('what does approve do', 'lets a spender move tokens later'),
      ],
    ],
    [
      bob,
      [
        makeRecord('what does grantRole do', 'gives a role to an account'),
        makeRecord('what does revokeRole do', 'takes a role away again'),
      ],
    ],
  ]);
  model = await makeModel(world, proposer, datanet);
  apiKey = (await makeSession(world, caller)).apiKey;
});

afterAll(() => world?.stop());

async function askStreaming(question: string): Promise<{ text: string; bundle: ReceiptBundle }> {
  const stream = await client().chat.completions.create({
    model: `model/${model.modelId}`,
    messages: [{ role: 'user', content: question }],
    max_tokens: 32,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
    metadata: { public: 'true' },
  });
  let text = '';
  let bundle: ReceiptBundle | undefined;
  let usage: OpenAI.CompletionUsage | null | undefined;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    bundle = chunkSchema.parse(chunk).receipt ?? bundle;
    usage = chunk.usage ?? usage;
  }
  if (!bundle) throw new Error('no receipt');
  expect(usage?.completion_tokens).toBe(bundle.receipt.completionTokens);
  return { text, bundle };
}

test('the training job is told to the end, and the release opens by its manifest', async () => {
  const types: string[] = [];
  for await (const event of world.gateway.jobEvents(model.jobId, 0)) {
    types.push(event.type);
    if (event.type === 'attested') break;
  }
  expect(types.slice(0, 3)).toEqual(['quoted', 'accepted', 'uploading']);
  expect(types).toContain('checkpoint');
  expect(types.at(-1)).toBe('attested');
  const job = await world.client.readContract({ ...world.contracts.jobs, functionName: 'job', args: [model.jobId] });
  expect(job.checkpointsDone).toBe(job.checkpoints);
  const { data } = await world.gateway.models();
  expect(data.find(({ openledger }) => openledger.modelId === model.modelId)?.openledger).toMatchObject({
    name: 'Guide',
    releaseHash: model.releaseHash,
    termsVersion: 1,
  });
});

test('a whole answer carries a receipt that anyone can verify, and pays whose record it was about', async () => {
  const answer = await client().chat.completions.create({
    model: `model/${model.modelId}`,
    messages: [{ role: 'user', content: 'what does grantRole do' }],
    max_tokens: 32,
    temperature: 0,
  });
  expect(answer.choices[0]?.message.content).toBe('Answer what does grantrole do');
  expect(answer.choices[0]?.finish_reason).toBe('stop');
  const bundle = chunkSchema.parse(answer).receipt;
  if (!bundle) throw new Error('no receipt');
  expect(await notPassed(world, bundle)).toEqual([]);
  expect(bundle.records[0]?.contributor).toBe(bob.address.toLowerCase());
  expect(bundle.records[0]?.source.title).toBe('what does grantRole do');
});

test('a streamed answer carries its receipt in a last chunk', async () => {
  const { text, bundle } = await askStreaming('what does transfer do');
  expect(text).toBe('Answer what does transfer do');
  expect(bundle.answer).toBe(text);
  expect(await notPassed(world, bundle)).toEqual([]);
  expect(bundle.records[0]?.contributor).toBe(alice.address.toLowerCase());
});

test('others see the receipt without prompt and answer, unless the payer agreed', async () => {
  const { bundle } = await askStreaming('what does approve do');
  const stranger = await world.gateway.receipt(bundle.receiptHash);
  expect([stranger.salt, stranger.messages, stranger.answer, stranger.tokenIds]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const payer = await world.gateway.receipt(bundle.receiptHash, apiKey);
  expect(payer.answer).toBe(bundle.answer);
  const latest = z.array(receiptBundleSchema).parse(await (await fetch(`${world.url}/v1/answers/latest`)).json());
  expect(latest[0]?.receiptHash).toBe(bundle.receiptHash);
  expect(latest[0]?.answer).toBe(bundle.answer);
  expect(latest.every(({ messages }) => JSON.stringify(messages).includes('grantRole') === false)).toBe(true);
});

test('receipts are settled, become final, and everyone claims to the wei', async () => {
  const before = await world.gateway.session(apiKey);
  await world.gateway.settle();
  const [batch] = await until('the batch', async () => {
    const batches = await world.gateway.batches(world.operator.address);
    return batches[0]?.header ? batches : undefined;
  });
  if (!batch?.header || !batch.dataCid) throw new Error('no header');
  expect(batch.collected).toBe(before.spent);
  const { client: chain, contracts, operator } = world;
  const storedHeaderHash = await chain.readContract({
    ...contracts.settlement,
    functionName: 'headerHash',
    args: [operator.address, batch.batchIndex],
  });
  const file = batchFileSchema.parse(JSON.parse(await world.readFile(batch.dataCid)));
  const verified = await verifyBatch(file, batchHeaderSchema.decode(z.encode(batchHeaderSchema, batch.header)), {
    chainId: world.deployment.chainId,
    settlement: contracts.settlement.address,
    signer: operator.address,
    storedHeaderHash,
    previousRewards: [],
  });
  expect(verified.checks.filter(({ status }) => status !== 'passed')).toEqual([]);

  await world.advance(40);
  await until('finality', async () => (await world.gateway.batches(operator.address))[0]?.status === 'final');
  let paid = 0n;
  for (const { account } of file.rewards.filter(({ amount }) => amount > 0n)) {
    const { claim, claimable } = await world.gateway.rewards(account);
    if (!claim) throw new Error('no claim');
    const held = await world.balanceOf(account);
    await world.transact(caller, contracts.pool, 'claim', [claim]);
    expect((await world.balanceOf(account)) - held).toBe(claimable.amount);
    paid += claimable.amount;
  }
  expect(paid + batch.header.body.protocolFee).toBe(before.spent);
  const mine = await world.gateway.rewards(bob.address);
  expect(mine.claimable.amount).toBe(0n);
  expect(
    mine.bySource.some(({ role, datanetId, amount }) => role === 'contributor' && datanetId === datanet.datanetId && amount > 0n),
  ).toBe(true);
  const votes = await world.transact(caller, contracts.pool, 'claimVotes', [
    (await world.gateway.rewards(alice.address)).claim as NonNullable<typeof mine.claim>,
  ]);
  expect(votes.status).toBe('success');
  expect(file.rewards.some(({ account }) => isAddressEqual(account, datanet.reviewer.address))).toBe(true);
});

test('a second batch goes on where the first ended', async () => {
  await askStreaming('what does revokeRole do');
  await world.gateway.settle();
  await until('the second batch', async () => {
    const [newest] = await world.gateway.batches(world.operator.address);
    return newest?.batchIndex === 2 && newest.status !== 'open';
  });
  const { sequence, spent, collected } = await world.gateway.session(apiKey);
  expect(spent).toBe(collected);
  expect(sequence).toBe(4);
});
