import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adaptersHash, compositionHash, type ReceiptBundle, recordId, releaseHash, toJson, zeroHash } from '@openledger/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/cli/run.ts';
import type { JobResult } from '../../src/engine/schemas.ts';
import { askChat } from '../../src/gateway/asked.ts';
import { chatRequestSchema } from '../../src/gateway/chatRequest.ts';
import { type Generation, sign, signAnswer } from '../support/replayable.ts';
import { makeRecord, toJsonl } from '../support/story.ts';
import { startTinyEngine, type TinyEngine, trainTiny } from '../support/tinyEngine.ts';

const greedy: Generation = {
  messages: [{ role: 'user', content: 'What is 7?' }],
  maxTokens: 24,
  temperature: 0,
  topP: 1,
  seed: 5,
  stop: [],
};
const sampled = { ...greedy, temperature: 0.9, topP: 0.9 };

const folder = mkdtempSync(join(tmpdir(), 'openledger-replay-'));
let tiny: TinyEngine;
let job: JobResult;
let honest: ReceiptBundle;
let drawn: ReceiptBundle;

beforeAll(async () => {
  tiny = await startTinyEngine();
  job = await trainTiny(tiny);
  honest = await signAnswer(tiny, job, greedy);
  drawn = await signAnswer(tiny, job, sampled);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await tiny?.stop();
});

async function replay(bundle: ReceiptBundle, ...options: string[]): Promise<{ code: number; out: string; err: string }> {
  const path = join(folder, 'receipt.json');
  writeFileSync(path, JSON.stringify(toJson(bundle)));
  const [printed, complaints]: [string[], string[]] = [[], []];
  const to = { print: (text: string) => void printed.push(text), complain: (text: string) => void complaints.push(text) };
  const code = await run(['receipt', 'replay', path, '--engine', tiny.url, ...options], to);
  return { code, out: printed.join('\n'), err: complaints.join('\n') };
}

/** The bundle with one token replaced by another of the vocabulary, its text by what the engine makes of the tokens. */
async function withToken(bundle: ReceiptBundle, position: number, asked: Generation): Promise<ReceiptBundle> {
  const tokenIds = (bundle.tokenIds ?? []).map((token, index) => (index === position ? ((token + 1) % 200) + 3 : token));
  const { messages, maxTokens: _, ...settings } = asked;
  const { text } = await tiny.engine.replay({ adapter: job.adapter, messages, tokenIds, ...settings });
  return sign({ ...bundle, tokenIds, answer: text });
}

const chosenAt = (position: number, { tokenIds }: ReceiptBundle): string => `(${tokenIds?.[position]}), `;

test('an honest answer is found the same, its records and their scores too', async () => {
  expect(honest.evidence.records.length).toBeGreaterThan(0);
  const { code, out, err } = await replay(honest);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/tokens +passed +All 24 tokens are those that this engine finds likeliest\./);
  expect(out).toContain(`scores of all ${honest.evidence.records.length} records are the same, to the last digit`);
  expect(out).toContain('made by the same engine in the same circumstances');
  expect(out).toContain('This engine gives the same answer: 5 of 5 checks passed.');
});

test('an honest sampled answer is drawn again', async () => {
  const { code, out } = await replay(drawn);
  expect(out).toMatch(/All \d+ tokens are those that this engine draws from seed 5 at temperature 0.9\./);
  expect(code).toBe(0);
});

test.each([
  { name: 'greedy', asked: greedy, of: () => honest },
  { name: 'sampled', asked: sampled, of: () => drawn },
])('a token that the operator put in is found where it stands: $name', async ({ asked, of }) => {
  for (const position of [0, 9]) {
    const { code, out } = await replay(await withToken(of(), position, asked));
    expect(out).toMatch(new RegExp(`tokens +FAILED +.*The first one too far off is token ${position + 1}:`));
    expect(out).toContain(`this engine chooses`);
    expect(out).toContain(chosenAt(position, of()));
    expect(out).toContain('This engine gives another answer');
    expect(code).toBe(1);
  }
});

const penalised = { ...sampled, topK: 40, minP: 0.001, presencePenalty: 1, repetitionPenalty: 1.3, logitBias: { '70': 3 } };
const colour = { enum: ['red', 'green', 'blue'] };
const form = { response_format: { type: 'json_schema', json_schema: { name: 'colour', schema: colour } } };

/** An answer to a call as the gateway takes it, with what its receipt quotes. */
async function signAsked(body: object): Promise<ReceiptBundle> {
  const asked = askChat(chatRequestSchema.parse({ model: 'model/1', messages: greedy.messages, seed: 5, ...body }));
  const [choice] = asked.choices;
  if (!choice || !('messages' in choice.input)) throw new Error('no messages');
  const { input, quoted, seed } = choice;
  const format = asked.format ? { format: asked.format } : {};
  return signAnswer(tiny, job, { ...input, ...asked.sampling, ...format, seed, maxTokens: 60 }, [], quoted);
}

test('settings of the choice are part of what is replayed', async () => {
  const bundle = await signAnswer(tiny, job, penalised);
  const { code, out } = await replay(bundle);
  expect(out).toMatch(/All \d+ tokens are those that this engine draws from seed 5 at temperature 0.9\./);
  expect(code).toBe(0);
  // The trace claims that there were none: another answer follows.
  const { logitBias: _, presencePenalty: __, repetitionPenalty: ___, ...fewer } = bundle.trace;
  const lie = await replay(await sign({ ...bundle, trace: fewer }));
  expect(lie.out).toMatch(/tokens +FAILED/);
  expect(lie.code).toBe(1);
});

test('a prescribed form is replayed from what the receipt quotes', async () => {
  const bundle = await signAsked(form);
  expect(colour.enum).toContain(JSON.parse(bundle.answer ?? ''));
  expect(await replay(bundle)).toMatchObject({ code: 0 });
  const [, ...messages] = bundle.messages ?? [];
  const lie = await replay(await sign({ ...bundle, messages }));
  expect(lie.out).toMatch(/tokens +FAILED/);
});

test('a text completion is replayed as the text that it was', async () => {
  const { messages: _, ...settings } = sampled;
  const quoted = [{ role: 'text', content: 'What is 7?' }];
  const bundle = await signAnswer(tiny, job, { ...settings, prompt: 'What is 7?' }, [], quoted);
  expect(await replay(bundle)).toMatchObject({ code: 0 });
});

test('an answer from sources is read again after the passages that its records hold', async () => {
  const records = [makeRecord('What is a vault?', 'It holds shares.'), makeRecord('What is a root?', 'It is square, mostly.')];
  const passages = records.map((record) => {
    const id = recordId(record);
    const text = record.messages.map(({ content }) => content).join('\n');
    return { recordId: id, cluster: id, text, title: record.source.title };
  });
  const file = join(folder, 'records.jsonl');
  const others = [makeRecord('Another?', 'Nobody read this.')];
  writeFileSync(file, toJsonl([...others, ...records]));
  const fromSources = await signAnswer(tiny, job, greedy, passages);
  const { code, out, err } = await replay(fromSources, '--records', file);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/support +passed +The support of 2 sources differs by 0\.00 % of the answer at most/);
  expect(out).toContain('This engine gives the same answer: 6 of 6 checks passed.');

  const [first, second] = fromSources.evidence.passages;
  if (!first || !second) throw new Error('no passages');
  const exaggerated = { ...fromSources.evidence, passages: [first, { ...second, support: second.support + 4_000 }] };
  const lie = await replay(await sign({ ...fromSources, evidence: exaggerated }), '--records', file);
  expect(lie.code).toBe(1);
  expect(lie.out).toMatch(/support +FAILED +The support of source 2 is/);

  const without = await replay(fromSources);
  expect(without.code).toBe(2);
  expect(without.err).toContain('with --records <file.jsonl>');
  writeFileSync(file, toJsonl(others));
  expect((await replay(fromSources, '--records', file)).err).toContain(`does not hold record ${first.recordId}`);
  expect((await replay(fromSources, '--records', join(folder, 'none'))).err).toContain('There is no file');
});

test('draws of an engine that is not this one cannot be judged', async () => {
  const elsewhere = await sign({ ...drawn, trace: { ...drawn.trace, engineHash: zeroHash, seed: 6, threads: 64 } });
  const { code, out } = await replay(elsewhere);
  expect(out).toMatch(/tokens +skipped +.*another engine drew them, so that only probabilities can be told/);
  expect(out).toContain('engine hash 0x00');
  expect(out).toContain('threads 64 there, 1 here');
  expect(code).toBe(2);
});

test('text, prompt tokens, end and scores that are not those of the engine are found', async () => {
  const [record, ...others] = honest.evidence.records;
  if (!record) throw new Error('no records');
  const louder = [{ ...record, partials: record.partials.map((partial) => partial * 2) }, ...others];
  const cases: [string, ReceiptBundle][] = [
    ['text', { ...honest, answer: 'Pay me.' }],
    ['prompt tokens', { ...honest, receipt: { ...honest.receipt, promptTokens: honest.receipt.promptTokens + 5 } }],
    ['end', { ...honest, trace: { ...honest.trace, finishReason: 'stop' } }],
    ['scores', { ...honest, evidence: { ...honest.evidence, records: louder } }],
  ];
  for (const [name, lie] of cases) {
    const { code, out } = await replay(await sign(lie));
    expect(out).toContain(`This engine gives another answer: 4 of 5 checks passed, 1 failed (${name}).`);
    expect(code).toBe(1);
  }
});

test('a receipt that is wrong by itself is said to be so before anything is asked', async () => {
  const { code, out } = await replay({ ...honest, answer: 'x' }, '--engine', 'http://127.0.0.1:1');
  expect(out).toContain('This receipt is wrong before any replay');
  expect(code).toBe(1);
});

test('what cannot be replayed says what to do', async () => {
  const complaint = async (bundle: ReceiptBundle, ...options: string[]): Promise<string> => {
    const { code, out, err } = await replay(bundle, ...options);
    expect([code, out]).toEqual([2, '']);
    expect(err.trim().split('\n')).toHaveLength(1);
    return err;
  };
  const released = (changed: Partial<ReceiptBundle['release']>): Promise<ReceiptBundle> => {
    const release = { ...honest.release, ...changed };
    const composition = [{ releaseHash: releaseHash(release), termsVersion: 1, weightBps: 10_000 }];
    expect(compositionHash(composition)).not.toBe(honest.receipt.compositionHash);
    const records = honest.evidence.records.map((record) => ({
      ...record,
      releaseHash: composition[0]?.releaseHash ?? zeroHash,
    }));
    return sign({ ...honest, release, composition, evidence: { ...honest.evidence, records } });
  };
  const { salt: _, messages: __, answer: ___, tokenIds: ____, ...open } = honest;
  expect(await complaint(open)).toContain('fetch it with the API key that paid');
  expect(await complaint(honest, '--engine', 'http://127.0.0.1:1')).toContain('No engine answers');
  expect(await complaint(honest, '--engine', 'nowhere')).toContain('--engine must be an address');
  expect(await complaint(honest, '--tolerance', 'much')).toContain('--tolerance must be a number');
  expect(await complaint(await released({ baseModel: zeroHash }))).toContain('start one with that base model');
  const adapter = { adaptersHash: adaptersHash([{ adapterId: zeroHash, weightBps: 10_000 }]) };
  expect(await complaint(await released(adapter))).toContain('This engine has no adapter of release');
  expect(await complaint(await sign({ ...honest, trace: {} }))).toContain('does not say how its answer was made');
});
