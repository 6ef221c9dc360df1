import { expect, test } from 'vitest';
import type { Fetch } from '../gateway/gatewayRequest.ts';
import { createFailover } from './createFailover.ts';

const near = { url: 'http://near', apiKey: 'key-near' };
const far = { url: 'http://far/', apiKey: 'key-far' };
const token = (text: string) => `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`;

type Behaviour = (request: {
  url: string;
  headers: Headers;
  signal: AbortSignal | null | undefined;
}) => Response | Promise<Response>;

/** Operators as this test wants them, and what each was asked. */
function operators(behaviours: Record<string, Behaviour>) {
  const asked: { host: string; path: string; apiKey: string | null; key: string | null }[] = [];
  const send: Fetch = async (input, init) => {
    const url = new URL(String(input));
    const headers = new Headers(init?.headers);
    asked.push({
      host: url.host,
      path: url.pathname,
      apiKey: headers.get('authorization'),
      key: headers.get('idempotency-key'),
    });
    const behave = behaviours[url.host];
    if (!behave) throw new TypeError('fetch failed');
    return behave({ url: url.href, headers, signal: init?.signal });
  };
  return { send, asked };
}

/** A stream of these pieces; `breaks`: it is cut instead of ending. */
function stream(pieces: string[], breaks = false): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) await new Promise((done) => setTimeout(done, 20)); // what was sent before has arrived
      if (piece !== undefined) controller.enqueue(encoder.encode(piece));
      else if (breaks) controller.error(new TypeError('terminated'));
      else controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
}

const ask = (fetchAny: Fetch, init: RequestInit = {}) =>
  fetchAny('https://anything.example/v1/chat/completions', { method: 'POST', body: '{}', ...init });

test('the first operator answers, with its own address and key', async () => {
  const { send, asked } = operators({ near: () => Response.json({ from: 'near' }) });
  const response = await ask(createFailover([near, far], { send }));
  expect(await response.json()).toEqual({ from: 'near' });
  expect(asked).toEqual([{ host: 'near', path: '/v1/chat/completions', apiKey: 'Bearer key-near', key: expect.any(String) }]);
});

test('one that cannot be reached is asked twice under one key, then the next', async () => {
  const { send, asked } = operators({ far: () => Response.json({ from: 'far' }) });
  const switched: string[] = [];
  const response = await ask(
    createFailover([near, far], { send, onSwitch: ({ url }, reason) => switched.push(`${url}: ${reason}`) }),
  );
  expect(await response.json()).toEqual({ from: 'far' });
  expect(asked.map(({ host }) => host)).toEqual(['near', 'near', 'far']);
  expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
  expect(switched).toEqual(['http://near: it cannot be reached']);
});

test.each([503, 429, 404, 402])('%s is answered by the next operator', async (status) => {
  const { send } = operators({
    near: () => Response.json({ error: { message: 'no' } }, { status }),
    far: () => Response.json({ from: 'far' }),
  });
  expect(await (await ask(createFailover([near, far], { send }))).json()).toEqual({ from: 'far' });
});

test.each([400, 401, 409])('%s is the caller’s to mend: nobody else is asked', async (status) => {
  const { send, asked } = operators({ near: () => Response.json({}, { status }), far: () => Response.json({}) });
  expect((await ask(createFailover([near, far], { send }))).status).toBe(status);
  expect(asked).toHaveLength(1);
});

test('when all fail, the last refusal is returned, and without one the error is thrown', async () => {
  const refusing = operators({ far: () => Response.json({}, { status: 503 }) });
  expect((await ask(createFailover([far, near], { send: refusing.send }))).status).toBe(503);
  const gone = operators({});
  await expect(ask(createFailover([near, far], { send: gone.send }))).rejects.toThrow('fetch failed');
});

test('a stream that breaks before its first token goes on with the next operator, whole', async () => {
  const role = `data: ${JSON.stringify({ choices: [{ delta: { role: 'assistant', content: '' } }] })}\n\n`;
  const { send, asked } = operators({
    near: () => stream([role], true),
    far: () => stream([role, token('Hel'), token('lo'), 'data: [DONE]\n\n']),
  });
  const response = await ask(createFailover([near, far], { send }));
  expect(await response.text()).toBe(`${role}${token('Hel')}${token('lo')}data: [DONE]\n\n`);
  expect(asked.map(({ host }) => host)).toEqual(['near', 'near', 'far']);
});

test('after the first token the answer stays where it is, even if it breaks', async () => {
  const { send, asked } = operators({ near: () => stream([token('Hel')], true), far: () => stream([token('no')]) });
  const response = await ask(createFailover([near, far], { send }));
  await expect(response.text()).rejects.toThrow('terminated');
  expect(asked.map(({ host }) => host)).toEqual(['near']);
});

test('an error in the stream before the first token counts as a failure, an empty answer does not', async () => {
  const failing = operators({
    near: () => stream([`data: ${JSON.stringify({ error: { message: 'The engine stopped.' } })}\n\n`]),
    far: () => stream([token('Hello')]),
  });
  expect(await (await ask(createFailover([near, far], { send: failing.send }))).text()).toBe(token('Hello'));
  const empty = operators({ near: () => stream(['data: [DONE]\n\n']), far: () => stream([token('no')]) });
  expect(await (await ask(createFailover([near, far], { send: empty.send }))).text()).toBe('data: [DONE]\n\n');
});

test('an operator that does not begin in time is stopped and the next is asked', async () => {
  let isStopped = false;
  const { send, asked } = operators({
    near: ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          isStopped = true;
          reject(signal.reason);
        });
      }),
    far: () => Response.json({ from: 'far' }),
  });
  expect(await (await ask(createFailover([near, far], { send, patience: 50 }))).json()).toEqual({ from: 'far' });
  expect(isStopped).toBe(true);
  expect(asked.map(({ host }) => host)).toEqual(['near', 'far']);
});

test('a caller who goes away is not answered by anybody else', async () => {
  const controller = new AbortController();
  const { send, asked } = operators({
    near: ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        controller.abort(new Error('gone'));
      }),
    far: () => Response.json({}),
  });
  await expect(ask(createFailover([near, far], { send }), { signal: controller.signal })).rejects.toThrow('gone');
  expect(asked).toHaveLength(1);
});

test('a base URL without /v1 and an empty list are refused in words', async () => {
  expect(() => createFailover([])).toThrow('There is no operator to ask');
  await expect(createFailover([near])('https://anything.example/chat')).rejects.toThrow('must end in /v1');
});
