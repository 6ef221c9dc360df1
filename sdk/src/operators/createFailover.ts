import { z } from 'zod';
import type { Fetch } from '../gateway/gatewayRequest.ts';
import { readServerEvents } from '../gateway/readServerEvents.ts';

/** An operator with whom the caller has a session. */
export type Seat = { url: string; apiKey: string };

export type FailoverOptions = {
  send?: Fetch;
  /** Longest wait for the first token before the next operator is asked, ms. */
  patience?: number;
  /** Told when an operator is given up for this call, and why. */
  onSwitch?: (from: Seat, reason: string) => void;
};

const chunkSchema = z.looseObject({
  choices: z.array(z.looseObject({ delta: z.looseObject({ content: z.string().nullish() }).optional() })).optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});

/**
 * A `fetch` for any client of OpenAI's protocol that asks one operator after the other until an answer begins: give it
 * to the client with any base URL that ends in `/v1`. Address and API key of the request are replaced by those of the
 * operator that is asked. Once the first token is there, the answer stays with its operator.
 *
 * An operator is given up when it cannot be reached (asked twice, under one Idempotency-Key, so that it charges once),
 * fails (5xx), is busy (429), lacks the model (404) or the caller's money with it (402), or does not begin in time. An
 * answer that is not streamed has no first token: one that is lost on the way twice may have been charged, and is still
 * there for whoever asks that operator again under the key. Other refusals are the caller's to mend and returned at once.
 */
export function createFailover(seats: readonly Seat[], options: FailoverOptions = {}): Fetch {
  const { send = globalThis.fetch, patience = 20_000, onSwitch = () => undefined } = options;
  if (seats.length === 0) throw new Error('There is no operator to ask: findOperators lists those of a model.');

  return async (input, init = {}) => {
    const path = pathOf(input);
    const headers = new Headers(init.headers);
    const isPost = init.method === 'POST';
    if (isPost && !headers.has('idempotency-key')) headers.set('idempotency-key', crypto.randomUUID());
    let last: Response | undefined;
    let lost: unknown;
    for (const seat of seats) {
      headers.set('authorization', `Bearer ${seat.apiKey}`);
      for (let attempt = 0; attempt < 2; attempt += 1) {
        try {
          const response = await begin(send, `${seat.url.replace(/\/$/, '')}/v1${path}`, { ...init, headers }, patience);
          if (response.ok || !mayBeBetterElsewhere(response.status)) return response;
          last = response;
          onSwitch(seat, `it answered ${response.status}`);
          break;
        } catch (error) {
          if (init.signal?.aborted) throw error;
          lost = error;
          const isLate = error instanceof TooLate;
          if (attempt === 1 || isLate) onSwitch(seat, isLate ? error.message : 'it cannot be reached');
          if (isLate) break;
        }
      }
    }
    if (last) return last;
    throw lost;
  };
}

/** What the next operator may do better. */
const mayBeBetterElsewhere = (status: number): boolean => status >= 500 || [402, 404, 429].includes(status);

class TooLate extends Error {}

function pathOf(input: Parameters<Fetch>[0]): string {
  const url = new URL(input instanceof Request ? input.url : String(input));
  const at = url.pathname.indexOf('/v1/');
  if (at === -1) throw new Error(`The base URL of the client must end in /v1, and ${url.pathname} has none.`);
  return url.pathname.slice(at + 3) + url.search;
}

/** Sends a request; of a stream, waits for its first token. Throws when it breaks before, or takes too long. */
async function begin(send: Fetch, url: string, init: RequestInit, patience: number): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new TooLate('it did not begin in time')), patience);
  const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal;
  try {
    const response = await send(url, { ...init, signal });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    return response.ok && isStream && response.body ? await withFirstToken(response, response.body) : response;
  } catch (error) {
    throw late.signal.aborted ? late.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The same response, once its first token has come. Throws when the stream ends or fails before that. */
async function withFirstToken(response: Response, body: ReadableStream<Uint8Array>): Promise<Response> {
  const [seen, rest] = body.tee();
  let hasBegun = false;
  for await (const { data } of readServerEvents(seen)) {
    hasBegun = data === '[DONE]'; // an empty answer is one too
    if (hasBegun) break;
    const chunk = chunkSchema.parse(JSON.parse(data));
    if (chunk.error) throw new Error(chunk.error.message);
    hasBegun = chunk.choices?.some(({ delta }) => typeof delta?.content === 'string' && delta.content !== '') ?? false;
    if (hasBegun) break;
  }
  if (!hasBegun) {
    await rest.cancel();
    throw new Error('The answer ended before its first token.');
  }
  return new Response(rest, { status: response.status, statusText: response.statusText, headers: response.headers });
}
