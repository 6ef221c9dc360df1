import { expect, test } from 'vitest';
import { OpenLedgerError, UnreachableError } from '../errors/openLedgerError.ts';
import { createGateway } from './createGateway.ts';

const answering = (status: number, body: string, type = 'application/json') => {
  const requests: { url: string; init: RequestInit | undefined }[] = [];
  const send: typeof fetch = (url, init) => {
    requests.push({ url: String(url), init });
    return Promise.resolve(new Response(body, { status, headers: { 'content-type': type } }));
  };
  return { requests, gateway: createGateway('http://oracle/', send) };
};

test('an error carries the service’s sentence, its code and its detail', async () => {
  const error = {
    message: 'Line 2 is not JSON: mend it and upload again.',
    type: 'invalid_request_error',
    code: 'invalid_records',
    details: [{ line: 2, reason: 'is not JSON' }],
  };
  const { gateway } = answering(400, JSON.stringify({ error }));
  const thrown = await gateway.uploadRecords('{').catch((reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(OpenLedgerError);
  expect(thrown).toMatchObject({
    message: error.message,
    code: 'invalid_records',
    status: 400,
    detail: { details: error.details },
  });
});

test('a service that answers nonsense or nothing says so', async () => {
  await expect(answering(502, '<html>').gateway.info()).rejects.toMatchObject({ code: 'unknown', status: 502 });
  const dead = createGateway('http://oracle', () => Promise.reject(new TypeError('fetch failed')));
  await expect(dead.info()).rejects.toBeInstanceOf(UnreachableError);
});

test('an answer of the wrong shape is refused at the border', async () => {
  await expect(answering(200, '{"cid":1}').gateway.uploadDocument({})).rejects.toThrow(/cid/);
});

test('amounts travel as decimal strings', async () => {
  const channel = `0x${'1'.repeat(64)}`;
  const { gateway, requests } = answering(200, JSON.stringify({ channel, ceiling: '5', expiry: 9, sequence: 0, collected: '0' }));
  const account = `0x${'2'.repeat(40)}` as const;
  const voucher = {
    payer: account,
    operator: account,
    signer: account,
    cumulativeCeiling: 5n,
    maxSequence: 1,
    app: account,
    appMarkupBps: 0,
    expiry: 9,
  };
  expect(await gateway.openSession({ voucher, signature: '0x', keyHash: '0x' })).toMatchObject({ ceiling: 5n, collected: 0n });
  expect(JSON.parse(String(requests[0]?.init?.body))).toMatchObject({ voucher: { cumulativeCeiling: '5' } });
  expect(requests[0]?.url).toBe('http://oracle/v1/sessions');
});

test('a job’s log is read event by event, however the bytes are cut', async () => {
  const lines = [1, 2, 3]
    .map((seq) => `event: log\r\ndata: {"seq":${seq},"time":0,"type":"step","loss":${seq}}\r\n\r\n`)
    .join('');
  const bytes = new TextEncoder().encode(`: hello\n\n${lines}`);
  const cut = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7));
      controller.close();
    },
  });
  const gateway = createGateway('http://oracle', () => Promise.resolve(new Response(cut)));
  const seen: number[] = [];
  for await (const event of gateway.jobEvents(1)) seen.push(event.seq);
  expect(seen).toEqual([1, 2, 3]);
});

test('attribution is asked for with the key, and what comes back is read strictly', async () => {
  const source = { title: 'IGovernor.queue', path: 'IGovernor.sol', version: '5', licence: 'MIT' };
  const record = {
    recordId: `0x${'1'.repeat(64)}`,
    position: 3,
    cluster: `0x${'1'.repeat(64)}`,
    contributor: `0x${'2'.repeat(40)}`,
    datanetId: 1,
    contributionId: 2,
    source,
  };
  const found = {
    model: 'model/1',
    releaseHash: `0x${'3'.repeat(64)}`,
    answer: 'It queues. It emits.',
    nullThreshold: 10,
    records: [{ ...record, score: 40, shareBps: 7_500 }],
    unexplainedBps: 2_500,
    spans: [{ start: 0, end: 10, text: 'It queues.', sources: [record] }],
    segments: [
      { start: 0, end: 10, text: 'It queues.', scores: [45] },
      { start: 10, end: 20, text: ' It emits.', scores: [-5] },
    ],
  };
  const { gateway, requests } = answering(200, JSON.stringify(found));
  const asked = {
    model: 'model/1',
    messages: [{ role: 'user', content: 'What does queue do?' }],
    answer: found.answer,
    segments: true,
  };
  expect(await gateway.attribution(asked, 'ol-1')).toEqual(found);
  expect(requests[0]?.url).toBe('http://oracle/v1/attribution');
  expect(new Headers(requests[0]?.init?.headers).get('authorization')).toBe('Bearer ol-1');
  expect(JSON.parse(String(requests[0]?.init?.body))).toEqual(asked);
  const wrong = answering(200, JSON.stringify({ ...found, records: [{ ...record, score: 0.5, shareBps: 7_500 }] })).gateway;
  await expect(wrong.attribution(asked, 'ol-1')).rejects.toThrow(/score/);
});
