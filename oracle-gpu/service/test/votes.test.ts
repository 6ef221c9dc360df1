// Votes and delegations that people sign and the operator carries to the chain, and all that it does not carry.
import {
  type Ballot,
  type Delegation,
  governorDomain,
  governorOf,
  openGovernorAbi,
  openTokenAbi,
  signBallot,
  signDelegation,
  supports,
  toJson,
} from '@openledger/sdk';
import { type Address, encodeFunctionData, erc20Abi, type Hash, zeroAddress } from 'viem';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Actor } from './support/actors.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let holder: Actor;
let stranger: Actor;
let governor: { address: Address; abi: typeof openGovernorAbi };
let token: { address: Address; abi: typeof openTokenAbi };
let proposals = 0;
let proposalId: bigint;

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  [holder, stranger] = [await world.newActor(), await world.newActor()];
  governor = { address: governorOf(world.deployment, 'models'), abi: openGovernorAbi };
  token = { address: world.contracts.token.address, abi: openTokenAbi };
  await world.transact(holder, token, 'delegate', [holder.address]);
  await world.advance(1);
});

afterAll(() => world?.stop());

/** A proposal of its own for each test. It calls the token's `decimals`, which changes nothing. */
beforeEach(async () => {
  proposals += 1;
  const call = encodeFunctionData({ abi: erc20Abi, functionName: 'decimals' });
  const args = [[token.address], [0n], [call], `# Proposal ${proposals}`] as const;
  const { result } = await world.client.simulateContract({ ...governor, functionName: 'propose', args, account: holder.account });
  await world.transact(holder, governor, 'propose', args);
  proposalId = result;
});

const open = () => world.advance(7); // past the voting delay
const post = (path: string, body: unknown) =>
  fetch(`${world.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(toJson(body)),
  });

async function refusal(answer: Promise<Response>): Promise<{ status: number; code: string; message: string }> {
  const response = await answer;
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return { status: response.status, code: error.code, message: error.message };
}

async function ballotOf(actor: Actor, changes: Partial<Ballot> = {}): Promise<Ballot> {
  const nonce = await world.client.readContract({ ...governor, functionName: 'nonces', args: [actor.address] });
  return {
    governor: governor.address,
    proposalId,
    support: supports.for,
    voter: actor.address,
    nonce,
    reason: 'I know the garden. 花園',
    deadline: (await world.now()) + 600,
    ...changes,
  };
}

async function signed(actor: Actor, changes: Partial<Ballot> = {}) {
  const ballot = await ballotOf(actor, changes);
  return { ...ballot, signature: await signBallot(actor.account, ballot, governorDomain(world.deployment, 'models')) };
}

test('a signed vote is cast with its reason, and costs its voter no gas', async () => {
  await open();
  const before = await world.client.getBalance(holder);
  const { transaction } = await world.gateway.vote(await signed(holder));
  const receipt = await world.client.waitForTransactionReceipt({ hash: transaction });
  expect(receipt.status).toBe('success');
  expect(receipt.from.toLowerCase()).toBe(world.operator.address.toLowerCase());
  expect(await world.client.getBalance(holder)).toBe(before);
  expect(await world.client.readContract({ ...governor, functionName: 'hasVoted', args: [proposalId, holder.address] })).toBe(
    true,
  );
  const [events] = [
    await world.client.getContractEvents({ ...governor, eventName: 'VoteCastWithParams', blockHash: receipt.blockHash }),
  ];
  expect(events).toMatchObject([{ args: { voter: holder.address, support: 1, reason: 'I know the garden. 花園' } }]);

  const again = await refusal(post('/v1/votes', await signed(holder)));
  expect(again).toMatchObject({ status: 409, code: 'already_voted' });
});

test('the same ballot sent twice at once is carried once', async () => {
  await open();
  const ballot = await signed(holder);
  const [first, second] = await Promise.all([world.gateway.vote(ballot), post('/v1/votes', ballot)]);
  if (second.status === 202) expect(((await second.json()) as { transaction: Hash }).transaction).toBe(first.transaction);
  else expect(await refusal(Promise.resolve(second))).toMatchObject({ status: 409, code: 'already_voted' });
  const rows = await world.query(`SELECT hash FROM transactions WHERE purpose LIKE 'vote%${proposalId}%'`);
  expect(rows).toHaveLength(1);
});

test('a vote too early, too late or of an unknown proposal is refused in words', async () => {
  const early = await refusal(post('/v1/votes', await signed(holder)));
  expect(early).toMatchObject({ status: 409, code: 'vote_not_open' });
  const unknown = await refusal(post('/v1/votes', await signed(holder, { proposalId: 5n })));
  expect(unknown).toMatchObject({ status: 404, code: 'proposal_not_found' });
  const nowhere = await refusal(post('/v1/votes', await signed(holder, { governor: token.address })));
  expect(nowhere).toMatchObject({ status: 404, code: 'governor_not_found' });
  await world.advance(200);
  const late = await refusal(post('/v1/votes', await signed(holder)));
  expect(late).toMatchObject({ status: 409, code: 'vote_ended' });
  expect(late.message).toMatch(/ended at \d{4}-/);
});

test('an expired ballot, a used nonce, another’s signature and no power are each told apart', async () => {
  await open();
  const expired = await refusal(post('/v1/votes', await signed(holder, { deadline: (await world.now()) - 1 })));
  expect(expired).toMatchObject({ status: 400, code: 'ballot_expired' });
  const nonce = (await ballotOf(holder)).nonce + 1n;
  expect(await refusal(post('/v1/votes', await signed(holder, { nonce })))).toMatchObject({ status: 409, code: 'wrong_nonce' });
  const forged = { ...(await signed(stranger)), voter: holder.address, nonce: (await ballotOf(holder)).nonce };
  expect(await refusal(post('/v1/votes', forged))).toMatchObject({ status: 401, code: 'invalid_signature' });
  const turned = { ...(await signed(holder)), support: supports.against };
  expect(await refusal(post('/v1/votes', turned))).toMatchObject({ status: 401, code: 'invalid_signature' });
  expect(await refusal(post('/v1/votes', await signed(stranger)))).toMatchObject({ status: 403, code: 'no_power' });
  const malformed = await refusal(post('/v1/votes', { ...(await signed(holder)), support: 7 }));
  expect(malformed).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(await world.query(`SELECT hash FROM transactions WHERE purpose LIKE 'vote%${proposalId}%'`)).toHaveLength(0);
});

test('a signed delegation is carried, for who has votes; expired, repeated and forged ones are not', async () => {
  const expiry = (await world.now()) + 600;
  const delegation: Delegation = { source: 'OpenToken', delegatee: stranger.address, nonce: 0n, expiry };
  const sign = async (actor: Actor, one: Delegation) => ({
    ...one,
    delegator: actor.address,
    signature: await signDelegation(actor.account, one, world.deployment),
  });
  const { transaction } = await world.gateway.delegate(await sign(stranger, delegation));
  expect((await world.client.waitForTransactionReceipt({ hash: transaction })).status).toBe('success');
  expect(await world.client.readContract({ ...token, functionName: 'delegates', args: [stranger.address] })).toBe(
    stranger.address,
  );

  const again = await refusal(post('/v1/delegations', await sign(stranger, delegation)));
  expect(again).toMatchObject({ status: 409, code: 'wrong_nonce' });
  const old = await refusal(
    post('/v1/delegations', await sign(stranger, { ...delegation, nonce: 1n, expiry: expiry - 100_000 })),
  );
  expect(old).toMatchObject({ status: 400, code: 'delegation_expired' });
  const forged = { ...(await sign(stranger, { ...delegation, nonce: 0n })), delegator: holder.address };
  expect(await refusal(post('/v1/delegations', forged))).toMatchObject({ status: 401, code: 'invalid_signature' });
  const none = await refusal(post('/v1/delegations', await sign(holder, { ...delegation, source: 'ContributionVotes' })));
  expect(none).toMatchObject({ status: 403, code: 'no_votes' });
  const nobody = await refusal(post('/v1/delegations', await sign(holder, { ...delegation, delegatee: zeroAddress, nonce: 9n })));
  expect(nobody).toMatchObject({ status: 409, code: 'wrong_nonce' });
});
