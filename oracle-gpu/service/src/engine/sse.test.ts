import { expect, test } from 'vitest';
import { readEvents } from './sse.ts';

async function read(chunks: readonly Uint8Array[]): Promise<unknown[]> {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const events = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

const text = 'event: token\r\ndata: {"a":\ndata: 1}\r\n\r\n: a comment\n\nid: 3\ndata: é end\n\n';
const expected = [
  { event: 'token', data: '{"a":\n1}' },
  { event: 'message', data: 'é end' },
];

test('events are read whole, comments are passed over', async () => {
  expect(await read([new TextEncoder().encode(text)])).toEqual(expected);
});

test('it does not matter where the stream is cut, even within a character', async () => {
  expect(await read([...new TextEncoder().encode(text)].map((byte) => new Uint8Array([byte])))).toEqual(expected);
});

test('an event that was cut off is none', async () => {
  expect(await read([new TextEncoder().encode('data: whole\n\ndata: half')])).toEqual([{ event: 'message', data: 'whole' }]);
});
