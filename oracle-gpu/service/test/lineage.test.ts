// A model built from another: what its answers earn reaches the parent's owner, by anyone's hand.
import { contractAddress, licenceWord, lineageAbi, readDerivation, readParents, royaltiesOf } from '@openledger/sdk';
import OpenAI from 'openai';
import { parseEventLogs, zeroHash } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from './support/actors.ts';
import { acceptQuote, makeDatanet, makeRecord, makeSession, openJob } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

const licence = 'Apache-2.0';
let world: World;
let ancestor: Actor;
let developer: Actor;
let caller: Actor;
let parentId: number;
let childId: number;

const lineage = () => ({ address: contractAddress(world.deployment, 'Lineage'), abi: lineageAbi }) as const;
const termsOf = (modelId: number, version: number) =>
  world.client.readContract({ ...world.contracts.models, functionName: 'terms', args: [modelId, version] });

/** A model of somebody's that was built elsewhere, and that others may build on for 5 %. */
async function makeParent(owner: Actor): Promise<number> {
  const { models } = world.contracts;
  const terms = { ...(await termsOf(childId, 1)) };
  const created = await world.transact(owner, models, 'createModel', ['Base', '', terms]);
  const [model] = parseEventLogs({ abi: models.abi, eventName: 'ModelCreated', logs: created.logs });
  const modelId = model?.args.modelId as number;
  const release = {
    ...{
      baseModel: zeroHash,
      adaptersHash: zeroHash,
      tokenizerHash: zeroHash,
      datanetsHash: zeroHash,
      trainingLogRoot: zeroHash,
    },
    ...{ indexRoot: zeroHash, indexRows: 0, k: 0, seed: zeroHash, projectionHash: zeroHash, nullThreshold: 0 },
    ...{ parentsHash: zeroHash, evaluationHash: zeroHash },
  };
  await world.transact(owner, models, 'addRelease', [modelId, release, 0, '']);
  const conditions = { licence: licenceWord(licence), minimumBps: 500, allowed: true, sameLicence: false };
  await world.transact(owner, lineage(), 'stateDerivation', [modelId, conditions]);
  return modelId;
}

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const contributor = await world.newActor();
  [ancestor, developer, caller] = [await world.newActor(), await world.newActor(), await world.newActor()];
  const datanet = await makeDatanet(world, [[contributor, [makeRecord('what does transfer do', 'moves tokens')]]]);
  const opened = await openJob(world, developer, datanet);
  childId = opened.modelId;
  parentId = await makeParent(ancestor);

  const parent = { modelId: parentId, derivationVersion: 1, shareBps: 500, use: 1 };
  await world.transact(developer, lineage(), 'nameParents', [childId, licenceWord(licence), [parent]]);
  const { account } = await world.client.readContract({ ...lineage(), functionName: 'declarationOf', args: [childId] });
  const before = await termsOf(childId, 1);
  const terms = { ...before, contributorsBps: before.contributorsBps - 500, parentsBps: 500, parents: account };
  await world.transact(developer, world.contracts.models, 'setTerms', [childId, terms]);

  await acceptQuote(world, developer, opened.jobId);
  await until('the release', async () => (await world.gateway.job(opened.jobId)).status === 'attested');
  await world.transact(developer, world.contracts.models, 'setListed', [childId, true]);
});

afterAll(() => world?.stop());

test('the SDK reads what was stated and named', async () => {
  expect(await readDerivation(world.client, world.deployment, parentId)).toEqual({
    ...{ version: 1, licence, minimumBps: 500, allowed: true, sameLicence: false },
  });
  expect(await readDerivation(world.client, world.deployment, childId)).toBeUndefined();
  expect(await readParents(world.client, world.deployment, childId)).toEqual([
    { modelId: parentId, derivationVersion: 1, shareBps: 500, use: 'trained' },
  ]);
});

test('a caller’s fee reaches the parent’s owner, to the wei that the SDK says', async () => {
  const { apiKey } = await makeSession(world, caller);
  await new OpenAI({ baseURL: `${world.url}/v1`, apiKey, maxRetries: 0 }).chat.completions.create({
    model: `model/${childId}`,
    messages: [{ role: 'user', content: 'what does transfer do' }],
    max_tokens: 32,
    temperature: 0,
  });
  await world.gateway.settle();
  await until('the batch', async () => {
    const { spent, collected } = await world.gateway.session(apiKey);
    return spent > 0n && spent === collected;
  });
  await world.advance(40);
  await until('finality', async () => (await world.gateway.batches(world.operator.address))[0]?.status === 'final');

  const { account } = await world.client.readContract({ ...lineage(), functionName: 'declarationOf', args: [childId] });
  const { claim, claimable } = await world.gateway.rewards(account);
  expect(claimable.amount).toBeGreaterThan(0n);
  if (!claim) throw new Error('no claim');
  const held = await world.balanceOf(ancestor.address);
  await world.transact(caller, world.contracts.pool, 'claim', [claim]);
  await world.transact(caller, lineage(), 'pay', [[childId]]);
  const said = await royaltiesOf(childId, claimable.amount, (id) => readParents(world.client, world.deployment, id));
  expect(await world.balanceOf(ancestor.address)).toBe(held + (said.get(parentId) ?? 0n));
  expect(said).toEqual(new Map([[parentId, claimable.amount]]));
  expect(await world.balanceOf(account)).toBe(0n);
});
