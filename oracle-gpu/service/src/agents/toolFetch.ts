import type { LookupFunction } from 'node:net';
import { Agent, fetch as fetchFrom } from 'undici';
import { ServiceError } from '../errors.ts';
import { publicAddresses } from './publicAddress.ts';

/** Most bytes that a tool's server may answer with. */
export const mostToolBytes = 1024 * 1024;

/** What a tool's server is told: nothing of the caller, and no key. */
const told = new Set(['accept', 'content-type', 'mcp-protocol-version', 'mcp-session-id', 'last-event-id']);

type Options = {
  isLocalAllowed: boolean;
  signal: AbortSignal;
  /** Told of whatever ends the conversation for good: the client may be waiting for something else then. */
  refuse: (error: ServiceError) => void;
};

/**
 * Speaks to the server of a tool, and only to that: the address is looked at when the connection is made, so that a name
 * cannot point elsewhere a moment later; a redirect is not followed; an answer ends at 1 MB.
 */
export function openToolFetch({ isLocalAllowed, signal, refuse }: Options) {
  const refused = <T>(error: T): T => {
    if (error instanceof ServiceError) refuse(error);
    return error;
  };
  const lookup: LookupFunction = (host, options, done) => {
    publicAddresses(host).then(
      (found) => {
        const [first] = found;
        if (options.all) done(null, found);
        else done(null, first?.address ?? '', first?.family ?? 4);
      },
      (error: Error) => done(refused(error), ''),
    );
  };
  const dispatcher = new Agent(isLocalAllowed ? {} : { connect: { lookup } });

  /** Ends the answer where it is too large. */
  function cap(host: string): TransformStream<Uint8Array, Uint8Array> {
    let seen = 0;
    return new TransformStream({
      transform(chunk, controller) {
        seen += chunk.byteLength;
        if (seen > mostToolBytes) controller.error(refused(tooLarge(host)));
        else controller.enqueue(chunk);
      },
    });
  }

  return {
    async fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
      const { hostname } = new URL(url);
      // An address that is written out is connected to without being looked up.
      if (!isLocalAllowed)
        await publicAddresses(hostname).catch((error: unknown) => {
          throw refused(error);
        });
      const headers = [...new Headers(init.headers)].filter(([name]) => told.has(name));
      const response = await fetchFrom(String(url), {
        method: init.method ?? 'GET',
        headers,
        ...(typeof init.body === 'string' ? { body: init.body } : {}),
        dispatcher,
        redirect: 'manual',
        signal: AbortSignal.any([signal, ...(init.signal ? [init.signal] : [])]),
      });
      const { status, statusText } = response;
      if (status >= 300 && status < 400) throw refused(redirected(hostname));
      const hasBody = response.body !== null && status !== 204 && status !== 205;
      const body = hasBody ? (response.body as ReadableStream<Uint8Array>).pipeThrough(cap(hostname)) : null;
      return new Response(body, { status, statusText, headers: [...response.headers] });
    },
    close: () => dispatcher.destroy(),
  };
}

const tooLarge = (host: string): ServiceError =>
  new ServiceError(422, 'tool_answer_too_large', `The tool's server ${host} answers more than ${mostToolBytes} bytes.`, { host });

const redirected = (host: string): ServiceError =>
  new ServiceError(403, 'tool_refused', `The tool's server ${host} sends callers elsewhere, which is not followed.`, { host });
