import { expect, test } from 'vitest';
import { ServiceError } from '../errors.ts';
import { askChat, askText, readQuoted } from './asked.ts';
import { type ChatRequest, chatRequestSchema } from './chatRequest.ts';
import { completionRequestSchema } from './completionRequest.ts';

const messages = [{ role: 'user', content: 'x' }];
const parse = (body: object): ChatRequest => chatRequestSchema.parse({ model: 'model/1', messages, ...body });
const tools = [{ type: 'function', function: { name: 'move', parameters: { type: 'object' } } }];

test('settings reach the engine in its words, and only those that were asked for', () => {
  const asked = askChat(
    parse({ top_k: 5, min_p: 0.1, presence_penalty: 1, frequency_penalty: -1, repetition_penalty: 1.2, logit_bias: { 7: -100 } }),
  );
  expect(asked.sampling).toEqual({
    temperature: 1,
    topP: 1,
    stop: [],
    topK: 5,
    minP: 0.1,
    presencePenalty: 1,
    frequencyPenalty: -1,
    repetitionPenalty: 1.2,
    logitBias: { '7': -100 },
  });
  const neutral = { top_k: -1, min_p: 0, presence_penalty: 0, frequency_penalty: null, repetition_penalty: 1, logit_bias: {} };
  expect(askChat(parse({ ...neutral, stop: 'a' })).sampling).toEqual({ temperature: 1, topP: 1, stop: ['a'] });
});

test('each of several answers draws from a seed of its own', () => {
  expect(askChat(parse({ n: 3, seed: 9 })).choices.map(({ seed }) => seed)).toEqual([9, 10, 11]);
  const text = completionRequestSchema.parse({ model: 'model/1', prompt: ['a', 'b'], n: 2, seed: 2 ** 53 - 2 });
  expect(askText(text).choices.map(({ input, seed }) => [input, seed])).toEqual([
    [{ prompt: 'a' }, 2 ** 53 - 2],
    [{ prompt: 'a' }, 2 ** 53 - 1],
    [{ prompt: 'b' }, 0],
    [{ prompt: 'b' }, 1],
  ]);
});

test('a prompt of tokens is one prompt, a list of such is several', () => {
  const prompts = (prompt: unknown) =>
    askText(completionRequestSchema.parse({ model: 'm', prompt })).choices.map(({ input }) => input);
  expect(prompts([1, 2])).toEqual([{ prompt: [1, 2] }]);
  expect(prompts([[1, 2], [3]])).toEqual([{ prompt: [1, 2] }, { prompt: [3] }]);
});

test('what a receipt quotes is what the engine read', () => {
  const format = { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } };
  for (const body of [{}, { response_format: format }, { tools, tool_choice: 'required', parallel_tool_calls: false }]) {
    const asked = askChat(parse(body));
    const [choice] = asked.choices;
    const quoted = JSON.parse(JSON.stringify(choice?.quoted));
    expect(readQuoted(quoted)).toEqual({ input: choice?.input, format: asked.format });
  }
  const [choice] = askText(completionRequestSchema.parse({ model: 'm', prompt: 'Once' })).choices;
  expect(choice?.quoted).toEqual([{ role: 'text', content: 'Once' }]);
  expect(readQuoted(choice?.quoted ?? [])).toEqual({ input: { prompt: 'Once' } });
  expect(readQuoted([])).toBeUndefined();
  expect(readQuoted([{ role: 'robot', content: 'x' }])).toBeUndefined();
});

test('tools are told of in a system message, and calls and results go back as the model wrote and read them', () => {
  const called = { id: 'call_1', type: 'function', function: { name: 'move', arguments: '{"to": 1}' } };
  const asked = askChat(
    parse({
      tools,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Move' },
        { role: 'assistant', content: null, tool_calls: [called] },
        { role: 'tool', tool_call_id: 'call_1', content: 'done' },
      ],
    }),
  );
  const input = asked.choices[0]?.input;
  if (!input || !('messages' in input)) throw new Error('no messages');
  expect(input.messages[0]?.content).toMatch(/^Be brief\.\n\n# Tools/);
  expect(input.messages[0]?.content).toContain('{"type":"function","function":{"name":"move","description":"","parameters"');
  expect(input.messages.slice(2)).toEqual([
    { role: 'assistant', content: '<tool_call>\n{"name": "move", "arguments": {"to": 1}}\n</tool_call>' },
    { role: 'user', content: '<tool_response>\ndone\n</tool_response>' },
  ]);
  expect(asked.format).toEqual({
    tools: [{ name: 'move', parameters: { type: 'object' } }],
    choice: 'auto',
    parallel: true,
  });
});

test('a named function is the only one that can be called, and none leaves a text', () => {
  const two = [...tools, { type: 'function', function: { name: 'stop' } }];
  const named = askChat(parse({ tools: two, tool_choice: { type: 'function', function: { name: 'stop' } } }));
  expect(named.format).toEqual({ tools: [{ name: 'stop' }], choice: 'required', parallel: true });
  const none = askChat(parse({ tools: two, tool_choice: 'none' }));
  expect(none.format).toBeUndefined();
  expect(none.choices[0]?.input).toEqual({ messages });
});

test.each([
  [{ tool_choice: 'required' }, 'tool_choice'],
  [{ tools, tool_choice: { type: 'function', function: { name: 'fly' } } }, 'tool_choice'],
  [{ tools, response_format: { type: 'json_object' } }, 'response_format'],
])('%j contradicts itself', (body, field) => {
  expect(() => askChat(parse(body))).toThrow(ServiceError);
  try {
    askChat(parse(body));
  } catch (error) {
    expect(error).toMatchObject({ status: 400, detail: { field } });
  }
});
