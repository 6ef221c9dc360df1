import { OpenLedgerError } from '@openledger/sdk';
import { afterEach, expect, test, vi } from 'vitest';
import { type ChatPart, parseChat, streamChat } from './chat.ts';

const streamOf = (...chunks: unknown[]): ReadableStream<Uint8Array> => {
  const text = [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('');
  return new Blob([text]).stream() as ReadableStream<Uint8Array>;
};

async function partsOf(body: ReadableStream<Uint8Array>): Promise<ChatPart[]> {
  const parts: ChatPart[] = [];
  for await (const part of parseChat(body)) parts.push(part);
  return parts;
}

afterEach(() => vi.unstubAllGlobals());

test("an agent's steps come beside its text", async () => {
  const started = {
    step: 0,
    kind: 'tool',
    name: 'tools count',
    status: 'started',
    agent: 'agent/1',
    depth: 0,
    input: { text: 'a' },
  };
  const parts = await partsOf(
    streamOf(
      { choices: [], step: started },
      { choices: [], step: { ...started, status: 'done', output: '1', ms: 4 } },
      { choices: [{ delta: { content: 'One.' } }] },
      { choices: [{ delta: {}, finish_reason: 'stop' }] },
      { choices: [], run: { id: crypto.randomUUID(), children: [] } },
    ),
  );
  expect(parts.map(({ type }) => type)).toEqual(['step', 'step', 'text', 'finish', 'inside']);
  expect(parts[1]).toMatchObject({ step: { status: 'done', output: '1' } });
});

test('a stream that breaks says why by its code', async () => {
  const broken = partsOf(streamOf({ error: { message: 'Too many steps.', code: 'agent_step_limit' } }));
  await expect(broken).rejects.toBeInstanceOf(OpenLedgerError);
  await expect(partsOf(streamOf({ error: { message: 'Too many steps.', code: 'agent_step_limit' } }))).rejects.toMatchObject({
    code: 'agent_step_limit',
  });
});

test.each([
  ['agent/7', { model: 'agent/7', stream: true }],
  ['model/7', { model: 'model/7', max_tokens: 9, retrieval: { datanets: [1] }, temperature: 0 }],
])('%s is sent the settings that it has', async (model, expected) => {
  const sent: Record<string, unknown>[] = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    sent.push(JSON.parse(String(init.body)));
    return new Response(streamOf());
  });
  const request = { url: '', apiKey: 'k', model, messages: [], maxTokens: 9, isPublic: false, datanets: [1] };
  for await (const _ of streamChat({ ...request, signal: new AbortController().signal }));
  expect(sent[0]).toMatchObject(expected);
  expect('max_tokens' in (sent[0] ?? {})).toBe(model !== 'agent/7');
  expect('retrieval' in (sent[0] ?? {})).toBe(model !== 'agent/7');
});
