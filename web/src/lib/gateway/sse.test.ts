import { expect, test } from 'vitest';
import { readEvents, type ServerEvent } from './sse.ts';

function streamOf(...parts: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(encoder.encode(part));
      controller.close();
    },
  });
}

async function all(stream: ReadableStream<Uint8Array>): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of readEvents(stream)) events.push(event);
  return events;
}

test('events split anywhere are put together again', async () => {
  expect(await all(streamOf('event: to', 'ken\nda', 'ta: {"a":1}\n', '\ndata: [DONE]\n\n'))).toEqual([
    { event: 'token', data: '{"a":1}' },
    { event: 'message', data: '[DONE]' },
  ]);
});

test('several data lines are one text; comments are dropped', async () => {
  expect(await all(streamOf(': hello\n\ndata: one\r\ndata: two\r\n\r\n'))).toEqual([{ event: 'message', data: 'one\ntwo' }]);
});

test('a last event without a blank line still counts', async () => {
  expect(await all(streamOf('data: end'))).toEqual([{ event: 'message', data: 'end' }]);
});
