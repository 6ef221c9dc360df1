import { expect, test } from 'vitest';
import { chatRequestSchema, plainMessages } from './chatRequest.ts';

test('content in parts is joined, and a developer speaks as the system', () => {
  const { messages } = chatRequestSchema.parse({
    model: 'model/1',
    messages: [
      { role: 'developer', content: 'Be short.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is' },
          { type: 'text', text: ' this?' },
        ],
      },
    ],
  });
  expect(plainMessages(messages)).toEqual([
    { role: 'system', content: 'Be short.' },
    { role: 'user', content: 'What is this?' },
  ]);
});

const ask = (body: object) => chatRequestSchema.safeParse({ model: 'm', messages: [{ role: 'user', content: 'x' }], ...body });

test.each([
  { messages: [] },
  { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: '' }] }] },
  { messages: [{ role: 'robot', content: 'x' }] },
  { messages: [{ role: 'assistant' }] },
  { messages: [{ role: 'user', content: 'x', mood: 'calm' }] },
  { temperature: 3 },
  { temperature: Number.NaN },
  { top_p: 0 },
  { top_k: -2 },
  { min_p: 1.1 },
  { presence_penalty: 2.1 },
  { repetition_penalty: 0 },
  { logit_bias: { seven: 1 } },
  { logit_bias: { 7: 101 } },
  { seed: -1 },
  { max_tokens: 0 },
  { stop: Array.from({ length: 17 }, () => 'x') },
  { n: 0 },
  { n: 17 },
  { n: 2, stream: true },
  { top_logprobs: 2 },
  { logprobs: true, top_logprobs: 21 },
  { response_format: { type: 'xml' } },
  { tools: [{ type: 'function', function: { name: 'no name' } }] },
  { store: true },
])('%j is refused', (body) => expect(ask(body).success).toBe(false));

test.each([
  { user: 'b', store: false, service_tier: 'auto', metadata: { a: 'b' } },
  { messages: [{ role: 'user', content: 'x', name: 'a' }] },
  { logprobs: false, top_logprobs: null, n: 1, stream: true, stream_options: { include_usage: true } },
  { n: 2, logit_bias: { 7: -100 }, top_k: -1 },
])('%j is understood', (body) => expect(ask(body).success).toBe(true));

test('a field that is not known is named, not passed over', () => {
  expect(ask({ mirostat: 2 }).error?.issues[0]).toMatchObject({ code: 'unrecognized_keys', keys: ['mirostat'] });
});
