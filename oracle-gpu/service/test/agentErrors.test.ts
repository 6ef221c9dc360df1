// What agents must not do, and calls that are refused: each says what is wrong, and costs no more than what was delivered.
import type { AgentManifestJson } from '@openledger/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { bareManifest, makeAgent } from './support/agents.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { startToolServer, type ToolServer } from './support/toolServer.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let tools: ToolServer;
let creator: Actor;
let apiKey: string;
let model: string;

beforeAll(async () => {
  tools = await startToolServer();
  // The operator allows no local network: tools of this test are refused, but for what hangs or is too large (callTool.test.ts).
  world = await openWorld({ environment: { OPENLEDGER_AGENT_LOCAL_NETWORK: 'no' } });
  await world.start();
  const [alice, proposer, caller] = [await world.newActor(), await world.newActor(), await world.newActor()];
  creator = await world.newActor();
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does burn do', 'destroys tokens')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  apiKey = (await makeSession(world, caller, { ceiling: 10n * 10n ** 18n })).apiKey;
});

afterAll(async () => {
  await world?.stop();
  await tools?.stop();
});
afterEach(() => Object.assign(world.engine.behaviour, { says: undefined, tokenDelayMs: 0, isBusy: false }));

const models = () => [{ model, purpose: 'Answers.' }];
const modelSteps = (count: number) => ({
  kind: 'steps' as const,
  steps: Array.from({ length: count }, () => ({ kind: 'model' as const, model, prompt: '{question}' })),
});
const agentStep = (agent: string) => ({
  agents: [{ agent, purpose: 'Goes on.' }],
  plan: { kind: 'steps' as const, steps: [{ kind: 'agent' as const, agent }] },
});
const make = (manifest: Omit<AgentManifestJson, keyof typeof bareManifest> & Partial<AgentManifestJson>, options = {}) =>
  makeAgent(world, creator, { ...bareManifest, ...manifest }, options);

const errorSchema = z.object({
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    spent: z.string().optional(),
    children: z.array(z.string()).optional(),
  }),
});

async function post(name: string, body: object = {}, headers: Record<string, string> = {}, path = '/v1/chat/completions') {
  return fetch(`${world.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}`, ...headers },
    body: JSON.stringify({ model: name, messages: [{ role: 'user', content: 'what does burn do' }], max_tokens: 8, ...body }),
  });
}
const spent = async (): Promise<bigint> => (await world.gateway.session(apiKey)).spent;

/** The error, and what the session paid all the same, which the error must have said. */
async function refused(...asked: Parameters<typeof post>) {
  const before = await spent();
  const response = await post(...asked);
  const { error } = errorSchema.parse(await response.json());
  const paid = (await spent()) - before;
  expect(paid).toBe(BigInt(error.spent ?? 0));
  return { status: response.status, ...error, paid };
}
const nextId = async (): Promise<number> =>
  (await world.client.readContract({ ...world.contracts.agents, functionName: 'agentCount' })) + 1;

describe('an agent', () => {
  test('that calls one which waits for it is refused', async () => {
    const id = await nextId();
    const first = await make(agentStep(`agent/${id + 1}`));
    await make(agentStep(first.name));
    expect(await refused(first.name)).toMatchObject({ status: 422, code: 'agent_loop', paid: 0n });
    const own = await make(agentStep(`agent/${id + 2}`));
    expect(await refused(own.name)).toMatchObject({ status: 422, code: 'agent_loop', paid: 0n });
  });

  test('is one of at most four in a row', async () => {
    let name = (await make({ models: models(), plan: modelSteps(1) })).name;
    for (let above = 0; above < 3; above += 1) name = (await make(agentStep(name))).name;
    expect((await post(name)).status).toBe(200);
    const fifth = await make(agentStep(name));
    expect(await refused(fifth.name)).toMatchObject({ status: 422, code: 'agent_too_deep', paid: 0n });
  });

  test('never spends more than its limit: the next step is refused, what was delivered is charged', async () => {
    const steps = modelSteps(3);
    const whole = await make({ models: models(), plan: steps });
    const before = await spent();
    expect((await post(whole.name)).status).toBe(200);
    const cost = (await spent()) - before;
    // Enough for two of its three steps and no wei more than needed for all.
    const limited = await make({
      models: models(),
      plan: steps,
      limits: { ...bareManifest.limits, spend: String(cost - 10_000n) },
    });
    const error = await refused(limited.name);
    expect(error).toMatchObject({
      status: 422,
      code: 'agent_spending_limit',
      message: expect.stringContaining("the agent's own steps are not"),
    });
    expect(error.children?.length).toBe(2);
    expect(error.paid).toBeGreaterThan(0n);
    expect(error.paid).toBeLessThan(cost - 10_000n);
  });

  test('that asks for more than the voucher has left is refused before its first step', async () => {
    const poor = await makeSession(world, await world.newActor(), { ceiling: 10n ** 17n });
    const dear = await make({ models: models(), plan: modelSteps(1) });
    const response = await post(dear.name, {}, { authorization: `Bearer ${poor.apiKey}` });
    expect([response.status, errorSchema.parse(await response.json()).error.code]).toEqual([402, 'insufficient_voucher']);
    expect((await world.gateway.session(poor.apiKey)).spent).toBe(0n);
  });

  test('that never answers stops at its steps', async () => {
    const limits = { ...bareManifest.limits, steps: 2 };
    const tool = { name: 'count_words', description: 'Counts.', inputSchema: { type: 'object' } };
    const endless = await make({
      models: models(),
      limits,
      tools: [{ server: 'https://127.0.0.1:1/mcp', name: 'T', tools: [tool] }],
      plan: { kind: 'free', model },
    });
    world.engine.behaviour.says = '<tool_call>\n{"name": "count_words", "arguments": {}}\n</tool_call>';
    const error = await refused(endless.name, { max_tokens: 30 });
    expect(error).toMatchObject({ status: 422, code: 'agent_step_limit' });
    expect(error.children?.length).toBe(1); // its tool was refused, which its model was told
  });

  test('that takes too long stops at its time, and pays for no answer that nobody gets', async () => {
    const slow = await make({ models: models(), limits: { ...bareManifest.limits, seconds: 1 }, plan: modelSteps(1) });
    world.engine.behaviour.tokenDelayMs = 400;
    expect(await refused(slow.name)).toMatchObject({ status: 504, code: 'agent_time_limit', paid: 0n });
  });

  test('whose tool lies in the local network stops there, where the operator allows none', async () => {
    const server = `${tools.url}/mcp`;
    const tool = { name: 'count_words', description: 'Counts.', inputSchema: { type: 'object' } };
    const plan = {
      kind: 'steps' as const,
      steps: [{ kind: 'tool' as const, server, tool: 'count_words', arguments: { text: 'a' } }],
    };
    const local = await make({ tools: [{ server, name: 'T', tools: [tool], localNetwork: true }], plan });
    expect(await refused(local.name)).toMatchObject({ status: 403, code: 'tool_refused', paid: 0n });
    expect(tools.heard.length).toBe(0);
  });

  test('goes on where the engine failed, when it is asked again with the same key, and fails again where nothing changes', async () => {
    const two = await make({ models: models(), plan: modelSteps(2) });
    const key = { 'idempotency-key': 'again' };
    world.engine.behaviour.isBusy = true;
    expect(await refused(two.name, {}, key)).toMatchObject({ status: 429, paid: 0n });
    world.engine.behaviour.isBusy = false;
    expect((await post(two.name, {}, key)).status).toBe(200);
    const looping = await make(agentStep(`agent/${await nextId()}`));
    const loop = { 'idempotency-key': 'loop' };
    for (let attempt = 0; attempt < 2; attempt += 1)
      expect(await refused(looping.name, {}, loop)).toMatchObject({ code: 'agent_loop' });
  });
});

const pin = async (document: unknown): Promise<string> => (await world.gateway.uploadDocument(document)).cid;

describe('an agent that cannot run', () => {
  const manifest = (): AgentManifestJson => ({ ...bareManifest, models: models(), plan: modelSteps(1) });
  type Case = [string, () => Promise<string>, number, string];

  test.each<Case>([
    ['is not there', async () => 'agent/4000000', 404, 'agent_not_found'],
    ['is paused', async () => (await make(manifest(), { isActive: false })).name, 409, 'agent_paused'],
    [
      'has a manifest that is no JSON',
      async () => (await make(manifest(), { manifestCid: await pin('no manifest') })).name,
      422,
      'agent_manifest_malformed',
    ],
    [
      'has a malformed manifest',
      async () => (await make(manifest(), { manifestCid: await pin({ ...manifest(), goal: '' }) })).name,
      422,
      'agent_manifest_malformed',
    ],
    [
      'has another manifest than its hash',
      async () => (await make(manifest(), { manifestHash: `0x${'12'.repeat(32)}` })).name,
      422,
      'agent_manifest_mismatch',
    ],
    [
      'has a manifest that is not on IPFS',
      async () => (await make(manifest(), { manifestCid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' })).name,
      422,
      'agent_manifest_missing',
    ],
  ])('because it %s says so', async (_, made, status, code) => {
    const name = await made();
    expect(await refused(name)).toMatchObject({ status, code, paid: 0n });
    expect((await fetch(`${world.url}/v1/models/${name}`)).status).toBe(status);
  });

  test('because its owner took its stake or closed it says so', async () => {
    const { agentId, name } = await make(manifest());
    const { contracts, transact } = world;
    const { stake } = await world.client.readContract({ ...contracts.agents, functionName: 'agent', args: [agentId] });
    await transact(creator, contracts.agents, 'unstake', [agentId, stake]);
    expect(await refused(name)).toMatchObject({ status: 409, code: 'agent_paused' });
    const other = await make(manifest());
    await transact(creator, contracts.agents, 'retire', [other.agentId]);
    expect(await refused(other.name)).toMatchObject({ status: 410, code: 'agent_retired' });
  });
});

test('what only models can be asked is refused', async () => {
  const { name } = await make({ models: models(), plan: modelSteps(1) });
  for (const field of [
    { n: 2 },
    { logprobs: true },
    { retrieval: { datanets: [1] } },
    { response_format: { type: 'json_object' } },
    { stop: 'x' },
  ])
    expect(await refused(name, field)).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(await refused(name, { messages: [{ role: 'system', content: 'x' }] })).toMatchObject({
    status: 400,
    code: 'empty_query',
  });
  expect(await refused(name, { messages: undefined, prompt: 'x' }, {}, '/v1/completions')).toMatchObject({
    status: 400,
    field: 'model',
  });
  const withoutKey = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: name, messages: [{ role: 'user', content: 'x' }] }),
  });
  expect([withoutKey.status, errorSchema.parse(await withoutKey.json()).error.code]).toEqual([401, 'api_key_required']);
});
