import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { AgentManifest } from '@openledger/sdk';
import { z } from 'zod';
import { ServiceError, sentence } from '../errors.ts';
import type { Json } from './hands.ts';
import { openToolFetch } from './toolFetch.ts';

type Server = AgentManifest['tools'][number];
export type ToolLimits = { isLocalNetworkAllowed: boolean; toolMs: number };
/** Asks a tool. @returns its answer as text; throws a ServiceError that says what went wrong with it */
export type CallTool = (server: Server, tool: string, given: Record<string, Json>, signal: AbortSignal) => Promise<string>;

const resultSchema = z.looseObject({
  content: z.array(z.looseObject({ type: z.string() })).default([]),
  structuredContent: z.json().optional(),
  isError: z.boolean().default(false),
});

/** Calls tools over the Model Context Protocol, each call in a session of its own that ends with it. */
export function createCallTool({ isLocalNetworkAllowed, toolMs }: ToolLimits): CallTool {
  return async (server, tool, given, signal) => {
    const timeout = AbortSignal.timeout(toolMs);
    const refusal = new AbortController();
    const ends = AbortSignal.any([signal, timeout, refusal.signal]);
    const isLocalAllowed = isLocalNetworkAllowed && server.localNetwork === true;
    const { fetch, close } = openToolFetch({ isLocalAllowed, signal: ends, refuse: (error) => refusal.abort(error) });
    const client = new Client({ name: 'openledger-agent', version: '1' });
    try {
      const transport = new StreamableHTTPClientTransport(new URL(server.server), { fetch });
      const options = { signal: ends, timeout: toolMs };
      const asked = client
        // The SDK's own types of a transport leave no room for exactOptionalPropertyTypes.
        .connect(transport as Parameters<typeof client.connect>[0], options)
        .then(() => client.callTool({ name: tool, arguments: given }, undefined, options));
      const result = resultSchema.parse(await Promise.race([asked, ended(ends)]));
      const text = textOf(result);
      if (result.isError) throw failed(tool, `says: ${text.slice(0, 300)}`);
      return text;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (refusal.signal.aborted) throw refusal.signal.reason;
      if (timeout.aborted)
        throw new ServiceError(504, 'tool_timeout', `The tool ${tool} has not answered within ${toolMs / 1000} s.`, { tool });
      throw error instanceof ServiceError ? error : failed(tool, `failed: ${sentence(error)}`);
    } finally {
      void client.close().catch(() => undefined);
      void close().catch(() => undefined);
    }
  };
}

const failed = (tool: string, what: string): ServiceError =>
  new ServiceError(422, 'tool_failed', `The tool ${tool} ${what}`, { tool });

/** Rejects when the time is up, whatever the client still waits for. */
const ended = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** The texts of an answer; of what is no text, its kind. */
function textOf({ content, structuredContent }: z.output<typeof resultSchema>): string {
  const texts = content.map((part) => (part.type === 'text' && typeof part.text === 'string' ? part.text : `[${part.type}]`));
  return texts.length > 0 ? texts.join('\n') : JSON.stringify(structuredContent ?? null);
}
