// A model between people: whoever paid for an answer rates it by the receipt, and its owner sells it.
import {
  batchFileSchema,
  contractAddress,
  contractErrorOf,
  modelMarketAbi,
  openBatch,
  paidAnswer,
  type ReceiptBundle,
  ratingsAbi,
  readSettled,
  receiptBundleSchema,
  settledEvents,
} from '@openledger/sdk';
import OpenAI from 'openai';
import { erc721Abi, isAddressEqual, maxUint64 } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

const price = 10n ** 19n; // 10 OPEN
let world: World;
let contributor: Actor;
let seller: Actor;
let caller: Actor;
let buyer: Actor;
let model: Awaited<ReturnType<typeof makeModel>>;
let apiKey: string;
let first: ReceiptBundle;

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  [contributor, seller, caller, buyer] = [
    await world.newActor(),
    await world.newActor(),
    await world.newActor(),
    await world.newActor(),
  ];
  const datanet = await makeDatanet(world, [[contributor, [makeRecord('what does transfer do', 'moves tokens')]]]);
  model = await makeModel(world, seller, datanet);
  apiKey = (await makeSession(world, caller)).apiKey;
  first = await answered();
  await finality();
});

afterAll(() => world?.stop());

const ratings = () => ({ address: contractAddress(world.deployment, 'Ratings'), abi: ratingsAbi }) as const;
const market = () => ({ address: contractAddress(world.deployment, 'ModelMarket'), abi: modelMarketAbi }) as const;

async function answered(): Promise<ReceiptBundle> {
  const answer = await new OpenAI({ baseURL: `${world.url}/v1`, apiKey, maxRetries: 0 }).chat.completions.create({
    model: `model/${model.modelId}`,
    messages: [{ role: 'user', content: 'what does transfer do' }],
    max_tokens: 32,
    temperature: 0,
  });
  return z.looseObject({ receipt: receiptBundleSchema }).parse(answer).receipt;
}

/** Settles what was answered, in one batch or several, and lets their windows pass. */
async function finality(): Promise<void> {
  await world.gateway.settle();
  await until('the batch', async () => {
    const { spent, collected } = await world.gateway.session(apiKey);
    return spent === collected;
  });
  await world.advance(40);
  await until('finality', async () => (await world.gateway.batches(world.operator.address))[0]?.status === 'final');
}

/** What the web app does: the batch's file from IPFS, its header from the chain. */
async function opened({ receipt }: ReceiptBundle) {
  const { settlement, escrow } = world.contracts;
  const source = { client: world.client, contracts: { settlement, escrow } };
  const [event] = await settledEvents(source, { fromBlock: 0n }, { operator: world.operator.address, batchIndex: 1 });
  if (!event) throw new Error('the batch was not settled');
  const { header, channels, dataCommitment } = await readSettled(source, event);
  const file = batchFileSchema.parse(JSON.parse(await world.readFile(dataCommitment.replace('ipfs://', ''))));
  const paid = paidAnswer(openBatch(file, header, channels), receipt);
  if (!paid) throw new Error('the receipt was not opened');
  return paid;
}

const refusal = (sent: Promise<unknown>): Promise<string | undefined> =>
  sent.then(
    () => undefined,
    (error: unknown) => contractErrorOf(error)?.name,
  );

test('whoever paid rates the model by a settled receipt, and nobody else by the same one', async () => {
  const paid = await opened(first);
  expect(await refusal(world.transact(buyer, ratings(), 'rate', [model.modelId, 5, '', paid]))).toBe('Ratings_WrongPayer');
  await world.transact(caller, ratings(), 'rate', [model.modelId, 4, '', paid]);
  await world.transact(caller, ratings(), 'changeRating', [model.modelId, 3, '']);
  const tally = await world.client.readContract({ ...ratings(), functionName: 'tallyOf', args: [model.modelId] });
  expect(tally).toEqual({ stars: 3n, count: 1 });
});

test('a sold model pays its seller for what was answered before, and its buyer from then on', async () => {
  const nft = { address: world.contracts.models.address, abi: erc721Abi } as const;
  const earned = (await world.gateway.rewards(seller.address)).claimable.amount;
  expect(earned).toBeGreaterThan(0n);
  await world.transact(seller, nft, 'setApprovalForAll', [market().address, true]);
  await world.transact(seller, market(), 'list', [model.modelId, price, maxUint64]);
  await world.transact(buyer, world.contracts.token, 'approve', [market().address, price]);
  const held = await world.balanceOf(seller.address);
  const seen = { maxPrice: price, termsVersion: 1, releaseCount: 1 };
  expect(await refusal(world.transact(buyer, market(), 'buy', [model.modelId, { ...seen, releaseCount: 0 }]))).toBe(
    'ModelMarket_Changed',
  );
  await world.transact(buyer, market(), 'buy', [model.modelId, seen]);
  expect(await world.balanceOf(seller.address)).toBe(held + price);

  // An operator looks again every few seconds; until then it answers for the owner it knows, which proofs allow.
  let late = 0n;
  await until('an answer for the buyer', async () => {
    const { developer } = await answered();
    if (isAddressEqual(developer, buyer.address)) return true;
    late += 1n;
    return false;
  });
  await finality();
  const after = await world.gateway.rewards(seller.address);
  expect(after.claimable.amount).toBe(earned + late * earned); // the same question each time
  expect((await world.gateway.rewards(buyer.address)).claimable.amount).toBe(earned);
  if (!after.claim) throw new Error('no claim');
  await world.transact(caller, world.contracts.pool, 'claim', [after.claim]);
  expect(await world.balanceOf(seller.address)).toBe(held + price + after.claimable.amount);
});
