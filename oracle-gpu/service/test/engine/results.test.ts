import { createHash } from 'node:crypto';
import { hashJson } from '@openledger/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobResult } from '../../src/engine/schemas.ts';
import { freeAnswer } from '../../src/gateway/freeAnswer.ts';
import { startTinyEngine, type TinyEngine, trainTiny } from '../support/tinyEngine.ts';
import { until } from '../support/until.ts';

/** Both are processes that load the base anew, at low priority, seconds. */
const patience = 150;

let tiny: TinyEngine;
let job: JobResult;

beforeAll(async () => {
  tiny = await startTinyEngine();
  job = await trainTiny(tiny);
});
afterAll(() => tiny?.stop());

test('an export is made by the engine, and read whole and in parts', { timeout: patience * 1000 }, async () => {
  const { engine } = tiny;
  const formats = await engine.exportFormats(job.adapter);
  expect(formats.map(({ format, refused }) => [format, refused])).toContainEqual(['peft', null]);
  const provenance = { releaseHash: job.adapter, datanets: [], training: { epochs: 1 }, evaluation: { exactMatch: 0.5 } };
  const { id } = await engine.startExport(job.adapter, 'peft', provenance);
  const done = await until(
    'the export',
    async () => {
      const state = await engine.exportState(id);
      if (state.status === 'failed') throw new Error(state.error?.message);
      return state.result;
    },
    patience,
  );
  expect(done.checks.map(({ reader }) => reader)).toEqual(['peft']);
  const signal = new AbortController().signal;
  for (const { name, sha256 } of done.files) {
    const whole = Buffer.from(await (await engine.exportFile(id, name, undefined, signal)).arrayBuffer());
    expect(`0x${createHash('sha256').update(whole).digest('hex')}`).toBe(sha256);
    const part = await engine.exportFile(id, name, 'bytes=2-9', signal);
    expect(part.headers.get('content-range')).toBe(`bytes 2-9/${whole.length}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(2, 10));
  }
  await expect(engine.exportFile(id, 'README.md', 'bytes=999999999-', signal)).rejects.toMatchObject({ status: 416 });
  await expect(engine.exportState(`${job.adapter}.merged`)).rejects.toMatchObject({ code: 'export_not_found' });
});

test('base and adapter are measured by the engine on the same items', { timeout: patience * 1000 }, async () => {
  const { engine } = tiny;
  const items = [3, 7].map((number) => {
    const item = { question: `What is ${number}?`, expected: `It is ${(number * number * 37) % 1_000} in all.` };
    const messages = [
      { role: 'user', content: item.question },
      { role: 'assistant', content: item.expected },
    ];
    return { recordId: hashJson(item), cluster: hashJson(item), messages };
  });
  const { id } = await engine.startEvaluation([job.adapter], items, 4);
  const found = await until(
    'the report',
    async () => {
      const state = await engine.evaluation(id);
      if (state.status === 'failed') throw new Error(state.error?.message);
      return state.result;
    },
    patience,
  );
  expect(found.models.map(({ adapter }) => adapter)).toEqual([null, job.adapter]);
  expect(found.rows.map(({ recordId, answers }) => [recordId, answers.length])).toEqual(
    items.map(({ recordId }) => [recordId, 2]),
  );
});

test('the base answers without an adapter, and a finished training has nothing to lend', async () => {
  const question = { messages: [{ role: 'user' as const, content: 'What is 7?' }], max_tokens: 4 };
  const answer = await freeAnswer(tiny, null, question, new AbortController().signal);
  expect(answer.completionTokens).toBeGreaterThan(0);
  expect(await tiny.engine.checkpoints('tiny')).toEqual([]);
  await expect(tiny.engine.lendCheckpoint('tiny', 3)).rejects.toMatchObject({ status: 404, code: 'checkpoint_not_found' });
});
