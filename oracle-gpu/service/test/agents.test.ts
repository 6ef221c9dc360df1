// Agents on the real stack: one calls a model, a datanet, a tool and another agent. Every answer inside has a receipt of its
// own, all sums add up, nothing is paid twice when the service is killed, and the watchtower accepts all of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answeredRunSchema,
  type ReceiptBundle,
  readReceiptFacts,
  receiptBundleSchema,
  runHash,
  runOf,
  type Session,
  stepEventSchema,
  toJson,
  verifyReceipt,
  zeroHash,
} from '@openledger/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { bareManifest, makeAgent, testTerms } from './support/agents.ts';
import { raiseBarrier } from './support/barrier.ts';
import { openledger } from './support/command.ts';
import { type Datanet, makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { startToolServer, type ToolServer } from './support/toolServer.ts';
import { until } from './support/until.ts';
import { notPassed } from './support/verified.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let tools: ToolServer;
let creator: Actor;
let caller: Actor;
let session: Session;
let datanet: Datanet;
let model: string;
let inner: string;
let outer: string;
const folder = mkdtempSync(join(tmpdir(), 'openledger-agents-'));
const question = 'who waters the glasshouse';

beforeAll(async () => {
  tools = await startToolServer();
  world = await openWorld({ environment: { OPENLEDGER_AGENT_LOCAL_NETWORK: 'yes', OPENLEDGER_AGENT_TOOL_SECONDS: '20' } });
  await world.start();
  const [alice, proposer] = [await world.newActor(), await world.newActor()];
  [creator, caller] = [await world.newActor(), await world.newActor()];
  datanet = await makeDatanet(world, [[alice, [makeRecord(question, 'old Perkin waters the glasshouse at dawn')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  session = await makeSession(world, caller, { ceiling: 20n * 10n ** 18n });
  const models = [{ model, purpose: 'Answers.' }];
  inner = (await makeAgent(world, creator, { ...bareManifest, models, plan: { kind: 'free', model } })).name;
  const server = `${tools.url}/mcp`;
  const tool = { name: 'count_words', description: 'Counts words.', inputSchema: { type: 'object' } };
  outer = (
    await makeAgent(world, creator, {
      ...bareManifest,
      models,
      datanets: [datanet.datanetId],
      tools: [{ server, name: 'Tools', tools: [tool], localNetwork: true }],
      agents: [{ agent: inner, purpose: 'Repeats.' }],
      plan: {
        kind: 'steps',
        steps: [
          { kind: 'retrieve', datanet: datanet.datanetId },
          { kind: 'model', model, prompt: 'say {previous}' },
          { kind: 'tool', server, tool: 'count_words', arguments: { text: '{previous}' } },
          { kind: 'agent', agent: inner, prompt: 'there are {previous}' },
        ],
      },
    })
  ).name;
  await until('the datanet to be indexed', async () =>
    (await (await fetch(`${world.url}/v1/sources`)).text()).includes(`"datanetId":${datanet.datanetId},`),
  );
});

afterAll(async () => {
  await world?.stop();
  await tools?.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => Object.assign(world.engine.behaviour, { onToken: undefined }));

const answerSchema = z.looseObject({
  choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string() }) })),
  receipt: receiptBundleSchema,
  run: answeredRunSchema,
});

async function post(body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${session.apiKey}`, ...headers },
    body: JSON.stringify({ model: outer, messages: [{ role: 'user', content: question }], max_tokens: 24, ...body }),
  });
  return { status: response.status, text: await response.text() };
}

async function run(body: object = {}, headers: Record<string, string> = {}) {
  const { status, text } = await post(body, headers);
  expect(status, text).toBe(200);
  const answer = answerSchema.parse(JSON.parse(text));
  return { ...answer, text, said: answer.choices[0]?.message.content };
}

const spent = async (): Promise<bigint> => (await world.gateway.session(session.apiKey)).spent;
const sum = (bundles: readonly ReceiptBundle[]): bigint => bundles.reduce((total, { receipt }) => total + receipt.fee, 0n);

/** Checks of an agent's receipt that did not pass: there is no query to check, and nothing else. */
async function wrongWith(bundle: ReceiptBundle, children: ReceiptBundle[]): Promise<string[]> {
  const { client, deployment, contracts } = world;
  const facts = await readReceiptFacts(client, deployment, bundle);
  const context = { chainId: deployment.chainId, settlement: contracts.settlement.address, facts, children };
  const { checks } = await verifyReceipt(bundle, context);
  return checks
    .filter(({ status, name }) => status !== 'passed' && !['query', 'scores', 'ranking'].includes(name))
    .map((one) => JSON.stringify(one));
}
const hashOf = ({ receipt, composition, trace }: ReceiptBundle) =>
  runHash({ ...receipt, releaseHash: composition[0]?.releaseHash ?? zeroHash, nonce: runOf(trace)?.nonce ?? zeroHash });

describe('an agent', () => {
  test('does its steps, each paid by a receipt of its own, and charges them to the wei', async () => {
    const before = await spent();
    const { receipt: own, run: made, said } = await run();
    const { children } = made;
    expect(said).toMatch(/^Answer there are \d+ words$/);
    const told = runOf(own.trace);
    expect(told?.steps.map(({ kind, name }) => [kind, name])).toEqual([
      ['retrieve', `datanet/${datanet.datanetId}`],
      ['model', model],
      ['tool', `${tools.url}/mcp count_words`],
      ['agent', inner],
    ]);
    // Three paid steps, and the answer inside the agent that was called.
    expect(children.length).toBe(4);
    const [retrieved, answered, nested, deepest] = children as [ReceiptBundle, ReceiptBundle, ReceiptBundle, ReceiptBundle];
    expect(retrieved.sources?.map(({ datanetId }) => datanetId)).toEqual([datanet.datanetId]);
    expect([own.receipt.agentSteps, own.receipt.fee]).toEqual([4, 4n * testTerms.agentStepPrice]);
    expect([nested.receipt.agentSteps, nested.receipt.fee]).toEqual([1, testTerms.agentStepPrice]);
    expect([retrieved, answered, nested].map(({ receipt }) => receipt.parentReceipt)).toEqual(Array(3).fill(hashOf(own)));
    expect([own.receipt.parentReceipt, deepest.receipt.parentReceipt]).toEqual([zeroHash, hashOf(nested)]);
    expect(told?.spent).toBe(sum(children));
    expect((await spent()) - before).toBe(sum([own, ...children]));
    for (const child of [retrieved, answered, deepest]) expect(await notPassed(world, child)).toEqual([]);
    expect(await wrongWith(nested, children)).toEqual([]);
    expect(await wrongWith(own, children)).toEqual([]);
    const paid = own.allocations.find(({ account }) => account === creator.address.toLowerCase());
    expect(paid?.amount).toBe((((own.receipt.fee * BigInt(10_000 - own.fee.protocolFeeBps)) / 10_000n) * 9n) / 10n);
    const overcharged = { ...own, receipt: { ...own.receipt, agentSteps: 5 } };
    expect((await wrongWith(overcharged, children)).join()).toContain('The run lists 4 steps, the receipt charges 5.');
  });

  test('is verified from a saved answer, with what is inside, by the command', async () => {
    const { text } = await run();
    const file = join(folder, 'answer.json');
    writeFileSync(file, text);
    const sources = ['--rpc', inject('chainUrl'), '--deployment', inject('deploymentFile'), '--ipfs', world.ipfsUrl];
    const { code, output } = await openledger(['receipt', 'verify', file, ...sources]);
    expect(output).toMatch(/inside +.*Nothing is wrong with the 4 receipts inside/);
    expect(output).toMatch(/run +.*4 steps of agent\/\d+ were charged as listed/);
    expect(code, output).toBe(0);
    const answer = answerSchema.parse(JSON.parse(text));
    const [first, ...others] = answer.run.children;
    writeFileSync(
      file,
      JSON.stringify(
        toJson({ receipt: answer.receipt, run: { id: answer.run.id, children: [{ ...first, answer: 'other' }, ...others] } }),
      ),
    );
    const changed = await openledger(['receipt', 'verify', file, ...sources]);
    expect([changed.code, changed.output]).toEqual([1, expect.stringContaining('these are wrong')]);
  });

  test('tells its steps in a stream, beside the text', async () => {
    const { status, text } = await post({ stream: true });
    expect(status, text).toBe(200);
    const chunks = text
      .split('\n\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) =>
        z
          .looseObject({
            choices: z.array(z.looseObject({ delta: z.looseObject({}) })),
            step: stepEventSchema.optional(),
          })
          .parse(JSON.parse(line.slice('data: '.length))),
      );
    const steps = chunks.flatMap(({ step }) => step ?? []);
    expect(steps.map(({ kind, status: state, depth }) => `${depth} ${kind} ${state}`)).toEqual([
      ...['0 retrieve started', '0 retrieve done', '0 model started', '0 model done', '0 tool started', '0 tool done'],
      ...['0 agent started', '1 model started', '1 model done', '0 agent done'],
    ]);
    expect(chunks.filter(({ step }) => step).every(({ choices }) => choices.length === 0)).toBe(true);
    expect(chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? '')).join('')).toMatch(
      /^Answer there are/,
    );
    const last = answerSchema.partial({ choices: true }).parse(chunks.at(-1));
    expect(await wrongWith(last.receipt, last.run.children)).toEqual([]);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('answers a retry with the same bytes, and charges nothing for it', async () => {
    const key = { 'idempotency-key': 'twice' };
    const first = await run({}, key);
    const before = await spent();
    expect((await run({}, key)).text).toBe(first.text);
    expect(await spent()).toBe(before);
    expect((await post({ temperature: 1 }, key)).status).toBe(409);
  });

  test('is listed beside the models, and its runs are shown to whoever paid', async () => {
    await until('all to be listed', async () => {
      const listed = await (await fetch(`${world.url}/v1/models`)).text();
      return [model, inner, outer].every((name) => listed.includes(`"id":"${name}"`));
    });
    const one = await (await fetch(`${world.url}/v1/models/${outer}`)).json();
    expect(one).toMatchObject({
      id: outer,
      owned_by: creator.address.toLowerCase(),
      openledger: { agents: [inner], plan: 'steps' },
    });
    const { run: made, receipt } = await run();
    const shown = await world.gateway.run(made.id, session.apiKey);
    expect([shown.status, shown.steps.length, shown.receipt?.receiptHash]).toEqual(['done', 4, receipt.receiptHash]);
    expect(shown.steps.reduce((total, { cost }) => total + cost, 0n)).toBe(sum(made.children));
    const stranger = await makeSession(world, await world.newActor());
    await expect(world.gateway.run(made.id, stranger.apiKey)).rejects.toMatchObject({ code: 'run_not_found' });
  });
});

describe('a service that is killed', () => {
  test.each(['kept', 'lost'] as const)(
    'in the middle of a run goes on from its steps, when the last of them was %s',
    async (outcome) => {
      const key = { 'idempotency-key': `killed ${outcome}` };
      const [before, asked] = [await spent(), world.engine.count.generate];
      const barrier = await raiseBarrier(world.databaseUrl, {
        table: 'agent_steps',
        on: 'INSERT',
        when: "NEW.kind = 'model' AND NEW.step = 1",
      });
      const broken = post({}, key).catch(() => undefined);
      await until('the second step', barrier.isWaitedAt);
      await world.kill();
      await barrier.resolve(outcome);
      await broken;
      await world.start();
      const paid = await spent();
      expect(paid - before).toBeGreaterThan(0n);
      const { receipt: own, run: made } = await run({}, key);
      expect(made.children.length).toBe(4);
      expect((await spent()) - before).toBe(sum([own, ...made.children]));
      expect(await wrongWith(own, made.children)).toEqual([]);
      // Two answers before, and the one of the agent that is called last: none was made twice.
      expect(world.engine.count.generate - asked).toBe(3);
      expect((await run({}, key)).receipt.receiptHash).toBe(own.receiptHash);
    },
  );

  test('says of a run without a key that it is over', async () => {
    const barrier = await raiseBarrier(world.databaseUrl, {
      table: 'agent_steps',
      on: 'INSERT',
      when: "NEW.kind = 'model' AND NEW.step = 1",
    });
    const broken = post({}).catch(() => undefined);
    await until('the second step', barrier.isWaitedAt);
    await world.kill();
    await barrier.resolve('kept');
    await broken;
    await world.start();
    expect(await world.query("SELECT status FROM agent_runs WHERE status NOT IN ('done', 'failed')")).toEqual([
      { status: 'interrupted' },
    ]);
  });
});

test('all of it settles, and the watchtower finds nothing wrong', async () => {
  await world.kill();
  await world.start({ OPENLEDGER_BATCH_SECONDS: '0.2' });
  const open = async (): Promise<unknown> =>
    (await world.query("SELECT count(*)::int FROM receipts WHERE status = 'signed'"))[0]?.count;
  let turns = 0;
  await until('all receipts to be settled', async () => {
    turns += 1;
    if (turns % 10 === 0) await world.advance(40); // at most eight batches may wait for the end of their windows
    await world.mine();
    return (await open()) === 0;
  });
  const batches = await world.gateway.batches(world.operator.address);
  const sources = ['--rpc', inject('chainUrl'), '--deployment', inject('deploymentFile'), '--ipfs', world.ipfsUrl];
  for (const { batchIndex } of batches) {
    const { code, output } = await openledger(['batch', 'verify', world.operator.address, String(batchIndex), ...sources]);
    expect(code, output).toBe(0);
    expect(output).not.toMatch(/FAILED|could not be/);
  }
});
