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

test.each([
  { messages: [] },
  { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: '' }] }] },
  { messages: [{ role: 'robot', content: 'x' }] },
  { messages: [{ role: 'user', content: 'x' }], temperature: 3 },
  { messages: [{ role: 'user', content: 'x' }], n: 2 },
])('%j is refused', (body) => {
  expect(chatRequestSchema.safeParse({ model: 'model/1', ...body }).success).toBe(false);
});

test('fields of the API that are not known here are let through', () => {
  expect(
    chatRequestSchema.safeParse({ model: 'm', messages: [{ role: 'user', content: 'x', name: 'a' }], user: 'b', store: true })
      .success,
  ).toBe(true);
});
