// What people say about proposals: signed, kept, pinned as one document that anybody can check, and all that is refused.
import {
  contractAddress,
  governorOf,
  hashRemark,
  isSignedRemark,
  openGovernorAbi,
  type Remark,
  type SignedRemark,
  signRemark,
  subjectPath,
  threadOf,
  threadSchema,
  threadText,
  toJson,
  zeroHash,
} from '@openledger/sdk';
import { type Address, encodeFunctionData, erc20Abi } from 'viem';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Actor } from './support/actors.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let alice: Actor;
let bob: Actor;
let governor: { address: Address; abi: typeof openGovernorAbi };
let subject: { contract: Address; proposalId: bigint };
let proposals = 0;

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  [alice, bob] = [await world.newActor(), await world.newActor()];
  governor = { address: governorOf(world.deployment, 'models'), abi: openGovernorAbi };
  await world.transact(alice, world.contracts.token, 'delegate', [alice.address]);
  await world.advance(1);
});

afterAll(() => world?.stop());

/** A proposal of its own for each test. */
beforeEach(async () => {
  proposals += 1;
  const call = encodeFunctionData({ abi: erc20Abi, functionName: 'decimals' });
  const args = [[world.contracts.token.address], [0n], [call], `# Proposal ${proposals}`] as const;
  const { result } = await world.client.simulateContract({ ...governor, functionName: 'propose', args, account: alice.account });
  await world.transact(alice, governor, 'propose', args);
  subject = { contract: governor.address, proposalId: result };
});

const present = (): number => Math.floor(Date.now() / 1000);
const chainId = (): number => world.deployment.chainId;

async function signed(who: Actor, text: string, changes: Partial<Remark> = {}): Promise<SignedRemark> {
  const remark: Remark = { ...subject, author: who.address, parent: zeroHash, timestamp: present(), text, ...changes };
  return { ...remark, signature: await signRemark(who.account, remark, chainId()) };
}

const post = (remark: object, path = subjectPath(subject)): Promise<Response> =>
  fetch(`${world.url}/v1/discussions/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(toJson(remark)),
  });

async function refusal(answer: Promise<Response>): Promise<{ status: number; code: string }> {
  const response = await answer;
  const { error } = (await response.json()) as { error: { code: string } };
  return { status: response.status, code: error.code };
}

test('a thread is kept, and pinned as one document in which every signature holds', async () => {
  expect(await world.gateway.discussion(subject)).toMatchObject({ cid: null, pinned: 0, thread: { messages: [] } });
  const question = await signed(alice, '**Why** so much? 為什麼', { timestamp: present() - 5 });
  const { hash } = await world.gateway.say(question);
  expect(hash).toBe(hashRemark(question, chainId()));
  const answer = await signed(bob, 'For the garden.', { parent: hash });
  const { cid } = await world.gateway.say(answer);

  const found = await world.gateway.discussion(subject);
  expect(found).toMatchObject({ cid, pinned: 2 });
  expect(found.thread.messages.map(({ text }) => text)).toEqual([question.text, answer.text]);
  const pinned = await world.readFile(cid ?? '');
  expect(pinned).toBe(threadText(threadOf(chainId(), subject, [answer, question])));
  for (const message of threadSchema.parse(JSON.parse(pinned)).messages)
    expect(await isSignedRemark(message, chainId())).toBe(true);

  expect(await world.gateway.say(question)).toEqual({ hash, cid });
  expect((await world.gateway.discussion(subject)).pinned).toBe(2);
});

test('what is not signed by its author, or for another proposal, is refused', async () => {
  const mine = await signed(alice, 'Mine');
  expect(await refusal(post({ ...mine, text: 'Other words' }))).toEqual({ status: 401, code: 'invalid_signature' });
  expect(await refusal(post({ ...mine, author: bob.address }))).toEqual({ status: 401, code: 'invalid_signature' });
  expect(await refusal(post(mine, `${subject.contract}-1`))).toEqual({ status: 400, code: 'wrong_subject' });
  for (const elsewhere of [
    { proposalId: 5n },
    { contract: world.contracts.token.address },
    { contract: contractAddress(world.deployment, 'ModelProposals'), proposalId: 1n },
  ]) {
    const lost = await signed(alice, 'Of nothing', elsewhere);
    expect(await refusal(post(lost, subjectPath(lost)))).toEqual({ status: 404, code: 'proposal_not_found' });
  }
  expect((await world.gateway.discussion(subject)).thread.messages).toEqual([]);
});

test('empty, overlong, backdated and orphaned messages are refused in words', async () => {
  const invalid = { status: 400, code: 'invalid_request' };
  expect(await refusal(post({ ...(await signed(alice, 'x')), text: ' ' }))).toEqual(invalid);
  expect(await refusal(post({ ...(await signed(alice, 'x')), text: 'x'.repeat(10_001) }))).toEqual(invalid);
  expect(await refusal(post(await signed(alice, 'x'), 'nonsense'))).toEqual(invalid);
  const old = await signed(alice, 'Old', { timestamp: present() - 3_600 });
  expect(await refusal(post(old))).toEqual({ status: 400, code: 'wrong_clock' });
  const orphan = await signed(alice, 'To nobody', { parent: `0x${'ab'.repeat(32)}` });
  expect(await refusal(post(orphan))).toEqual({ status: 404, code: 'parent_not_found' });
});

test('nobody talks without end', async () => {
  const talker = await world.newActor();
  for (let count = 0; count < 20; count += 1) expect((await post(await signed(talker, `Line ${count}`))).status).toBe(201);
  expect(await refusal(post(await signed(talker, 'One more')))).toEqual({ status: 429, code: 'too_many_requests' });
  expect((await world.gateway.discussion(subject)).thread.messages).toHaveLength(20);
});
