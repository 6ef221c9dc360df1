import { expect, test } from 'vitest';
import type { ToldToken } from '../engine/schemas.ts';
import { type Delivered, deliveredSchema } from './delivered.ts';
import { renderResponse, renderStream } from './render.ts';

const bundle = '{"receiptHash":"0x1"}';
const call = { id: '1', created: 5, model: 'model/1', includeUsage: true, stream: true };
const delivered: Delivered = {
  pieces: ['Hello', ' you'],
  finishReason: 'stop',
  promptTokens: 3,
  completionTokens: 2,
  shape: 'chat',
  hasTools: false,
};
const told = (token: string, logprob: number | null, bytes: number[] = [...Buffer.from(token)]): ToldToken => ({
  tokenId: 7,
  token,
  bytes,
  logprob,
  top: logprob === null ? [] : [{ tokenId: 8, token: 'x', bytes: [120], logprob: -0.1 }],
});
const toolText = '<tool_call>\n{"name": "move", "arguments": {"to": "b"}}\n</tool_call>';

function sent(of: Delivered): string {
  const stream = renderStream(call, of);
  const pieces = of.pieces.map((piece, index) => stream.piece(piece, of.logprobs?.[index]));
  return [stream.start(), ...pieces, stream.finish(of), stream.end(of, bundle)].join('');
}

const chunks = (text: string): unknown[] =>
  text
    .trim()
    .split('\n\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line.slice('data: '.length)));

test.each<Delivered>([
  delivered,
  { ...delivered, shape: 'text' },
  { ...delivered, logprobs: [[told('Hel', -1), told('lo', -2)], [told(' you', -3)]] },
  { ...delivered, hasTools: true, pieces: ['Well. ', toolText] },
])('a stored stream is the very bytes that were sent', (of) => {
  const stored = deliveredSchema.parse(JSON.parse(JSON.stringify(of)));
  expect(renderResponse([{ call, delivered: stored, bundle }])).toBe(sent(of));
});

test('what was stored before there were shapes is a chat', () => {
  const { shape: _, hasTools: __, ...early } = delivered;
  expect(deliveredSchema.parse(early)).toEqual(delivered);
});

test('the receipt comes in a chunk without choices, last before [DONE]', () => {
  const text = sent(delivered);
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  expect(chunks(text).at(-1)).toMatchObject({ choices: [], receipt: { receiptHash: '0x1' } });
  expect(chunks(text).at(-2)).toMatchObject({
    choices: [],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  });
});

test('without include_usage there is no usage chunk', () => {
  expect(renderResponse([{ call: { ...call, includeUsage: false }, delivered, bundle: '{}' }])).not.toContain('usage');
});

test('calls of tools come as clients expect them, whole and in a stream', () => {
  const calling = { ...delivered, hasTools: true, pieces: ['Well. ', toolText] };
  const expected = { type: 'function', function: { name: 'move', arguments: '{"to":"b"}' } };
  const whole = JSON.parse(renderResponse([{ call: { ...call, stream: false }, delivered: calling, bundle }]));
  expect(whole.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { content: 'Well. ', tool_calls: [{ ...expected, id: expect.stringMatching(/^call_/) }] },
  });
  const parts = chunks(sent(calling));
  expect(parts[2]).toMatchObject({ choices: [{ delta: { tool_calls: [{ ...expected, index: 0 }] } }] });
  expect(parts[3]).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] });
  const onlyCall = { ...calling, pieces: [toolText] };
  const alone = JSON.parse(renderResponse([{ call: { ...call, stream: false }, delivered: onlyCall, bundle }]));
  expect(alone.choices[0].message.content).toBeNull();
});

test('a call that was cut off stays text', () => {
  const cut = { ...delivered, hasTools: true, pieces: [toolText.slice(0, 30)], finishReason: 'length' as const };
  const { choices } = JSON.parse(renderResponse([{ call: { ...call, stream: false }, delivered: cut, bundle }]));
  expect(choices[0]).toMatchObject({ finish_reason: 'length', message: { content: toolText.slice(0, 30) } });
  expect(choices[0].message.tool_calls).toBeUndefined();
});

test('probabilities of a text are four lists, those of its prompt first, where it comes back', () => {
  const of: Delivered = {
    ...delivered,
    shape: 'text',
    pieces: ['é!'],
    logprobs: [[told('\ufffd', -1, [0xc3]), told('\ufffd', -2, [0xa9]), told('!', -3)]],
    echo: { text: 'Hi ', tokens: [told('Hi ', null)] },
  };
  const { object, id, choices } = JSON.parse(renderResponse([{ call: { ...call, stream: false }, delivered: of, bundle }]));
  expect([object, id]).toEqual(['text_completion', 'cmpl-1']);
  expect(choices[0].text).toBe('Hi é!');
  expect(choices[0].logprobs).toEqual({
    tokens: ['Hi ', 'bytes:\\xc3', 'bytes:\\xa9', '!'],
    token_logprobs: [null, -1, -2, -3],
    top_logprobs: [null, { x: -0.1, 'bytes:\\xc3': -1 }, { x: -0.1, 'bytes:\\xa9': -2 }, { x: -0.1, '!': -3 }],
    text_offset: [0, 3, 3, 4],
  });
});

test('of several answers each has its own receipt, and all are counted', () => {
  const answers = [0, 1].map((choice) => ({
    call: { ...call, stream: false, id: String(choice) },
    delivered: { ...delivered, choice },
    bundle: `{"receiptHash":"0x${choice}"}`,
  }));
  const [first, second] = answers;
  if (!first || !second) throw new Error('no answers');
  const told = JSON.parse(renderResponse([first, second]));
  expect(told.id).toBe('chatcmpl-0');
  expect(told.choices.map(({ index, receipt }: { index: number; receipt: object }) => [index, receipt])).toEqual([
    [0, { receiptHash: '0x0' }],
    [1, { receiptHash: '0x1' }],
  ]);
  expect(told.usage).toEqual({ prompt_tokens: 6, completion_tokens: 4, total_tokens: 10 });
});
