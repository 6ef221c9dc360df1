import { expect, test } from 'vitest';
import { renderEnd, renderFinish, renderPiece, renderResponse, renderStart } from './render.ts';

const bundle = '{"receiptHash":"0x1"}';
const call = { id: '1', created: 5, model: 'model/1', includeUsage: true, stream: true };
const delivered = { pieces: ['Hello', ' you'], finishReason: 'stop' as const, promptTokens: 3, completionTokens: 2 };

test('a stored stream is the very bytes that were sent', () => {
  const sent =
    renderStart(call) +
    delivered.pieces.map((piece) => renderPiece(call, piece)).join('') +
    renderFinish(call, 'stop') +
    renderEnd(call, delivered, bundle);
  expect(renderResponse(call, delivered, bundle)).toBe(sent);
});

test('the receipt comes in a chunk without choices, last before [DONE]', () => {
  const events = renderResponse(call, delivered, bundle)
    .trim()
    .split('\n\n')
    .map((line) => line.slice('data: '.length));
  expect(events.at(-1)).toBe('[DONE]');
  expect(JSON.parse(events.at(-2) ?? '')).toMatchObject({ choices: [], receipt: { receiptHash: '0x1' } });
  expect(JSON.parse(events.at(-3) ?? '')).toMatchObject({
    choices: [],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  });
});

test('without include_usage there is no usage chunk', () => {
  expect(renderResponse({ ...call, includeUsage: false }, delivered, '{}')).not.toContain('usage');
});
