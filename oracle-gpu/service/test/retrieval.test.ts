// Answers with sources: found in datanets that allow it, cited by measured support, paid, proved, and refused where the
// caller may not have them.
import {
  type Flag,
  openLedgerDomain,
  receiptBundleSchema,
  retrievalSchema,
  type SignedFlag,
  signFlag,
  verifySource,
  versionTree,
  zeroHash,
} from '@openledger/sdk';
import { type Hex, parseEventLogs } from 'viem';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { contribute, type Datanet, makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { notPassed } from './support/verified.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let [alice, bob, caller]: Actor[] = [];
let open: Datanet;
let closed: Datanet;
let shut: Datanet;
let model: string;
let apiKey: string;

const wateredBy = makeRecord('who waters the glasshouse of Ormonde', 'old Perkin waters the glasshouse at dawn');
const rolesRecord = makeRecord('what does grantRole do', 'gives a role to an account');
const closedRecord = makeRecord('who keeps the keys of Ormonde', 'the steward keeps them in the red drawer');

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  [alice, bob, caller] = [await world.newActor(), await world.newActor(), await world.newActor()];
  open = await makeDatanet(world, [
    [alice, [wateredBy, makeRecord('what does transfer do', 'moves tokens to another account')]],
    [bob, [rolesRecord]],
  ]);
  closed = await makeDatanet(world, [[bob, [closedRecord]]], { isOpen: false });
  shut = await makeDatanet(world, [[bob, [makeRecord('what does burn do', 'destroys tokens')]]], { retrievalAllowed: false });
  model = `model/${(await makeModel(world, await world.newActor(), open)).modelId}`;
  apiKey = (await makeSession(world, caller)).apiKey;
  await isShelved(open.datanetId, 1);
  await isShelved(closed.datanetId, 1);
});

afterAll(() => world?.stop());
afterEach(() => Object.assign(world.engine.behaviour, { tokenDelayMs: 0, breakAfterTokens: Number.POSITIVE_INFINITY }));

const answerSchema = retrievalSchema.extend({
  choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string() }).optional() })),
  receipt: receiptBundleSchema,
});

function isShelved(datanetId: number, version: number): Promise<unknown> {
  return until('the datanet to be indexed', async () => {
    const listed = await (await fetch(`${world.url}/v1/sources`)).json();
    const shelves = z.array(z.object({ datanetId: z.int(), version: z.int(), needsGrant: z.boolean() })).parse(listed);
    return shelves.some((one) => one.datanetId === datanetId && one.version === version);
  });
}

async function ask(content: string, retrieval: unknown, rest: Record<string, unknown> = {}, key = apiKey) {
  const { headers = {}, ...fields } = rest;
  const response = await fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...(headers as Record<string, string>) },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content }],
      max_tokens: 40,
      temperature: 0,
      seed: 1,
      retrieval,
      ...fields,
    }),
  });
  const text = await response.text();
  return { status: response.status, text };
}

async function cited(content: string, retrieval: unknown, key = apiKey) {
  const { status, text } = await ask(content, retrieval, {}, key);
  expect(status, text).toBe(200);
  const answer = answerSchema.parse(JSON.parse(text));
  return { ...answer, text: answer.choices[0]?.message?.content ?? '' };
}

async function refused(content: string, retrieval: unknown, key = apiKey): Promise<[number, string]> {
  const before = (await world.gateway.session(key)).spent;
  const { status, text } = await ask(content, retrieval, {}, key);
  expect((await world.gateway.session(key)).spent).toBe(before);
  return [status, z.object({ error: z.looseObject({ code: z.string() }) }).parse(JSON.parse(text)).error.code];
}

const chainRoot = (datanetId: number, version: number): Promise<Hex> =>
  world.client.readContract({ ...world.contracts.datanets, functionName: 'versionRoot', args: [datanetId, version] });

describe('an answer with sources', () => {
  test('cites where its sentences are from, says which rest on nothing, and proves each source', async () => {
    const answer = await cited('who waters the glasshouse', { datanets: [open.datanetId] });
    expect(answer.retrieval).toEqual({ abstained: false, datanets: [{ datanetId: open.datanetId, version: 1 }] });
    expect(answer.citations.map(({ start, end, sources }) => [answer.text.slice(start, end), sources])).toEqual([
      ['glasshouse at dawn.', [1]],
    ]);
    expect(answer.unsupported.map(([start, end]) => answer.text.slice(start, end))).toEqual([
      'Answer who waters the glasshouse.',
      'Perhaps.',
    ]);
    const [source] = answer.sources;
    expect(source).toMatchObject({
      n: 1,
      title: wateredBy.source.title,
      contributor: alice?.address.toLowerCase(),
      datanetId: open.datanetId,
      version: 1,
      link: 'a.sol',
      licence: 'MIT',
    });
    if (!source) throw new Error('no source');
    expect(source.support).toBeGreaterThan(0);
    expect(verifySource(source, await chainRoot(open.datanetId, 1))).toBe(true);
  });

  test('its receipt commits to the passages, charges their tokens and passes every check', async () => {
    const { receipt: bundle, sources, citations } = await cited('who waters the glasshouse', { datanets: [open.datanetId] });
    expect(bundle.evidence.passages.map(({ recordId, support }) => [recordId, support])).toEqual(
      sources.map(({ recordId, support }) => [recordId, support]),
    );
    expect(bundle.sources).toEqual(sources);
    expect(bundle.citations).toEqual(citations);
    const { promptTokens, retrievalTokens, completionTokens, fee } = bundle.receipt;
    expect([promptTokens, retrievalTokens]).toEqual([4, 13]);
    const { promptPrice, retrievalPrice, completionPrice } = bundle.terms;
    expect(fee).toBe(
      BigInt(promptTokens) * promptPrice + BigInt(retrievalTokens) * retrievalPrice + BigInt(completionTokens) * completionPrice,
    );
    expect(await notPassed(world, bundle)).toEqual([]);
    const { text } = await ask('', null, {}, 'ol-none');
    expect(text).toContain('invalid_api_key');
    const open_ = await world.gateway.receipt(bundle.receiptHash);
    expect([open_.sources, open_.citations]).toEqual([sources, undefined]);
  });

  test('a stream says it in its last event, and a retry gets the same bytes', async () => {
    const call = { stream: true, headers: { 'idempotency-key': 'cited' } };
    const { text } = await ask('who waters the glasshouse', { datanets: [open.datanetId] }, call);
    const events = text.split('\n\n').filter((line) => line.startsWith('data: {'));
    const last = z
      .looseObject({ citations: z.array(z.unknown()), receipt: receiptBundleSchema })
      .parse(JSON.parse((events.at(-1) as string).slice(6)));
    expect(last.citations).toEqual(last.receipt.citations);
    expect(last.citations).toHaveLength(1);
    expect(await notPassed(world, last.receipt)).toEqual([]);
    expect((await ask('who waters the glasshouse', { datanets: [open.datanetId] }, call)).text).toBe(text);
    const other = await ask('who waters the glasshouse', { datanets: [open.datanetId], top: 1 }, call);
    expect(other.text).toContain('idempotency_key_reused');
  });

  test('several datanets are asked at once', async () => {
    const holder = await grantedTo(await world.newActor());
    const answer = await cited(
      'waters keeps glasshouse keys of Ormonde',
      { datanets: [closed.datanetId, open.datanetId] },
      holder.apiKey,
    );
    expect(answer.sources.map(({ datanetId }) => datanetId).sort()).toEqual([open.datanetId, closed.datanetId].sort());
    expect(await notPassed(world, answer.receipt)).toEqual([]);
  });

  test('a reader who goes away before support is measured pays for the passages, and nothing is cited', async () => {
    world.engine.behaviour.tokenDelayMs = 100;
    const hangUp = new AbortController();
    const response = await fetch(`${world.url}/v1/chat/completions`, {
      method: 'POST',
      signal: hangUp.signal,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
      body: JSON.stringify({
        model,
        messages: [{ role: 'user', content: 'who waters the glasshouse now' }],
        stream: true,
        retrieval: { datanets: [open.datanetId] },
      }),
    });
    const reader = response.body?.getReader();
    for (let read = 0; read < 3; read += 1) await reader?.read();
    hangUp.abort();
    const row = await until('the broken answer', async () => {
      const rows = await world.query("SELECT hash FROM receipts WHERE bundle->'trace'->>'finishReason' = 'cancelled'");
      return rows[0];
    });
    const bundle = await world.gateway.receipt(row.hash as Hex, apiKey);
    expect(bundle.evidence.passages.map(({ support }) => support)).toEqual([0]);
    expect([bundle.receipt.retrievalTokens > 0, bundle.citations]).toEqual([true, []]);
    expect(await notPassed(world, bundle)).toEqual([]);
  });
});

describe('nothing relevant enough', () => {
  test('the answer says so, and has no sources', async () => {
    const answer = await cited('how far is the moon', { datanets: [open.datanetId] });
    expect(answer.retrieval.abstained).toBe(true);
    expect([answer.sources, answer.citations, answer.unsupported]).toEqual([[], [], []]);
    expect([answer.receipt.evidence.passages, answer.receipt.receipt.retrievalTokens]).toEqual([[], 0]);
    expect(await notPassed(world, answer.receipt)).toEqual([]);
  });

  test('records under other licences do not count', async () => {
    const { retrieval } = await cited('who waters the glasshouse', { datanets: [open.datanetId], licences: ['CC0-1.0'] });
    expect(retrieval.abstained).toBe(true);
  });
});

describe('a call is refused and costs nothing', () => {
  test('for a datanet that does not exist', async () => {
    expect(await refused('hello', { datanets: [99_999] })).toEqual([404, 'datanet_not_found']);
  });
  test('for a datanet that does not allow retrieval', async () => {
    expect(await refused('what does burn do', { datanets: [shut.datanetId] })).toEqual([403, 'retrieval_not_allowed']);
  });
  test('for a datanet without a published version', async () => {
    const provider = await world.newActor();
    const created = await world.transact(provider, world.contracts.datanets, 'create', [
      0,
      true,
      0n,
      world.contracts.reviewers.address,
      'New',
      '',
      'MIT',
      '',
    ]);
    const [event] = parseEventLogs({ abi: world.contracts.datanets.abi, eventName: 'DatanetCreated', logs: created.logs });
    expect(await refused('hello', { datanets: [event?.args.datanetId] })).toEqual([404, 'version_not_found']);
  });
  test('with a body that names no datanets, one twice, too many, or what is not known', async () => {
    const wrong = [
      {},
      { datanets: [] },
      { datanets: [1, 1] },
      { datanets: [0] },
      { datanets: ['1'] },
      { datanets: [1], top: 9 },
      { datanets: [1], limit: 3 },
      { datanets: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    ];
    for (const retrieval of wrong)
      expect(await refused('hello', retrieval), JSON.stringify(retrieval)).toEqual([400, 'invalid_request']);
  });
  test('without a question', async () => {
    expect(await refused('   ', { datanets: [open.datanetId] })).toEqual([400, 'empty_query']);
  });
});

/** A payer that the closed datanet's provider let retrieve from it. */
async function grantedTo(payer: Actor): Promise<{ apiKey: string; grantId: number }> {
  const { contracts, transact, now } = world;
  const requested = await transact(payer, contracts.grants, 'request', [closed.datanetId, 1, '']);
  const [event] = parseEventLogs({ abi: contracts.grants.abi, eventName: 'GrantRequested', logs: requested.logs });
  const grantId = event?.args.grantId as number;
  await transact(closed.provider, contracts.grants, 'approve', [grantId, BigInt((await now()) + 50_000)]);
  const { apiKey: key } = await makeSession(world, payer);
  await until(
    'the grant to be read',
    async () => (await world.query(`SELECT 1 FROM retrieval_grants WHERE grant_id = ${grantId}`)).length > 0,
  );
  return { apiKey: key, grantId };
}

describe('a datanet that is not open', () => {
  const question = 'who keeps the keys';

  test('needs a live grant, which is asked of the chain for each call', async () => {
    expect(await refused(question, { datanets: [closed.datanetId] })).toEqual([403, 'grant_required']);
    const holder = await grantedTo(await world.newActor());
    expect((await cited(question, { datanets: [closed.datanetId] }, holder.apiKey)).sources[0]?.title).toBe(
      closedRecord.source.title,
    );
    expect(await refused(question, { datanets: [closed.datanetId] })).toEqual([403, 'grant_required']);
  });

  test('a grant to train is none to retrieve', async () => {
    const { contracts, transact, now } = world;
    const trainer = await world.newActor();
    const requested = await transact(trainer, contracts.grants, 'request', [closed.datanetId, 0, '']);
    const [event] = parseEventLogs({ abi: contracts.grants.abi, eventName: 'GrantRequested', logs: requested.logs });
    await transact(closed.provider, contracts.grants, 'approve', [event?.args.grantId as number, BigInt((await now()) + 50_000)]);
    const { apiKey: key } = await makeSession(world, trainer);
    expect(await refused(question, { datanets: [closed.datanetId] }, key)).toEqual([403, 'grant_required']);
  });

  test('its provider needs none', async () => {
    const { apiKey: key } = await makeSession(world, closed.provider);
    expect((await cited(question, { datanets: [closed.datanetId] }, key)).sources).toHaveLength(1);
  });

  test('a revoked grant lets answers for one more hour, and then none', async () => {
    const holder = await grantedTo(await world.newActor());
    await world.transact(closed.provider, world.contracts.grants, 'revoke', [holder.grantId]);
    expect((await cited(question, { datanets: [closed.datanetId] }, holder.apiKey)).sources).toHaveLength(1);
    await world.advance(3_601);
    expect(await refused(question, { datanets: [closed.datanetId] }, holder.apiKey)).toEqual([403, 'grant_required']);
  });

  test('without a payer nothing of it is told', async () => {
    const response = await fetch(`${world.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        messages: [{ role: 'user', content: question }],
        retrieval: { datanets: [closed.datanetId] },
      }),
    });
    expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('grant_required')]);
  });
});

describe('the index follows', () => {
  const keys = (datanetId: number): string[] =>
    [...world.engine.retrieval.keys()].filter((key) => key.startsWith(`${datanetId}@`));

  test('a new version, and the old one goes', async () => {
    const { contracts, transact } = world;
    const before = await world.client.readContract({
      ...contracts.datanets,
      functionName: 'acceptedContributions',
      args: [open.datanetId],
    });
    const added = await contribute(world, open.datanetId, bob as Actor, [
      makeRecord('where does the heron nest', 'the heron nests by the weir'),
    ]);
    expect((await cited('where does the heron nest', { datanets: [open.datanetId] })).retrieval.abstained).toBe(true);
    await transact(open.reviewer, contracts.datanets, 'accept', [added.contributionId, 9_000, 'fine']);
    const entries = await Promise.all(
      [...before, added.contributionId].map(async (contributionId) => {
        const { recordsRoot, records } = await world.client.readContract({
          ...contracts.datanets,
          functionName: 'contribution',
          args: [contributionId],
        });
        return { contributionId, recordsRoot, records };
      }),
    );
    await transact(open.provider, contracts.datanets, 'publish', [open.datanetId, versionTree(entries).root, '']);
    await isShelved(open.datanetId, 2);
    const { sources, receipt } = await cited('where does the heron nest', { datanets: [open.datanetId] });
    expect(sources[0]).toMatchObject({ version: 2, contributor: bob?.address.toLowerCase() });
    expect(await notPassed(world, receipt)).toEqual([]);
    await until('the old index to go', async () => keys(open.datanetId).length === 1);
  });

  test('a restart builds nothing that the engine still has, and what it lost is built again', async () => {
    const { built } = world.engine.count;
    await world.kill();
    await world.start();
    await isShelved(open.datanetId, 2);
    expect(world.engine.count.built).toBe(built);
    world.engine.retrieval.delete(keys(open.datanetId)[0] as string);
    expect(await refused('where does the heron nest', { datanets: [open.datanetId] })).toEqual([503, 'retrieval_unavailable']);
    await isShelved(open.datanetId, 2);
    expect((await cited('where does the heron nest', { datanets: [open.datanetId] })).sources).toHaveLength(1);
  });
});

describe('a reader’s flag', () => {
  const domain = () => openLedgerDomain(world.deployment.chainId, world.contracts.settlement.address);

  async function flagged(who: Actor, changes: Partial<Flag>) {
    const { receipt, sources } = await cited('who waters the glasshouse', { datanets: [open.datanetId] });
    const flag: Flag = {
      receiptHash: receipt.receiptHash,
      recordId: sources[0]?.recordId as Hex,
      reason: 'false',
      note: 'Perkin has retired.',
      disclose: false,
      ...changes,
    };
    return { ...flag, signature: await signFlag(who.account, flag, domain()) };
  }
  const codeOf = (sent: unknown): Promise<string> =>
    world.gateway.flag(sent as SignedFlag).then(
      () => 'taken',
      (error: { code: string }) => error.code,
    );

  test('reaches the reviewers of the record’s datanet, with what the receipt says of it', async () => {
    const sent = await flagged(caller as Actor, {});
    const { id } = await world.gateway.flag(sent);
    expect(await world.gateway.flag(sent)).toEqual({ id });
    expect(await world.gateway.flags(closed.datanetId)).toEqual([]);
    const [shown] = await world.gateway.flags(open.datanetId);
    expect(shown).toMatchObject({ id, receiptHash: sent.receiptHash, recordId: sent.recordId, reason: 'false', note: sent.note });
    expect([shown?.question, shown?.answer]).toEqual([null, null]);
    expect(shown?.records[0]).toMatchObject({ title: wateredBy.source.title, channel: 'retrieval' });
  });

  test('of the whole answer tells question and answer if the reader says so', async () => {
    await world.gateway.flag(await flagged(caller as Actor, { recordId: zeroHash, disclose: true, reason: 'other' }));
    // Flags of one second come in any order.
    const shown = (await world.gateway.flags(open.datanetId)).find(({ recordId }) => recordId === null);
    expect(shown).toMatchObject({ recordId: null, question: 'who waters the glasshouse' });
    expect(shown?.answer).toContain('glasshouse at dawn');
  });

  test('is refused from others, of other records, twice with another reason, and misshapen', async () => {
    expect(await codeOf(await flagged(alice as Actor, {}))).toBe('not_the_payer');
    expect(await codeOf(await flagged(caller as Actor, { recordId: `0x${'12'.repeat(32)}` }))).toBe('record_not_in_receipt');
    expect(await codeOf(await flagged(caller as Actor, { receiptHash: `0x${'12'.repeat(32)}` }))).toBe('receipt_not_found');
    const sent = await flagged(caller as Actor, {});
    expect(await codeOf({ ...sent, note: 'Something else.' })).toBe('not_the_payer');
    expect(await codeOf(sent)).toBe('taken');
    const again = await flagged(caller as Actor, { receiptHash: sent.receiptHash, reason: 'copied' });
    expect(await codeOf(again)).toBe('already_flagged');
    expect(await codeOf({ ...sent, reason: 'boring' })).toBe('invalid_request');
    expect(await codeOf({ ...sent, note: 'x'.repeat(1_001) })).toBe('invalid_request');
  });
});

test('a batch with such receipts settles', async () => {
  await world.gateway.settle();
  await until('the batch', async () => {
    await world.mine();
    const batches = await world.gateway.batches(world.operator.address);
    return batches.some(({ status }) => status === 'pending' || status === 'final');
  });
});
