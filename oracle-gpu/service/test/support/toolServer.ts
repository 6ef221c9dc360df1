// A tool's server over the Model Context Protocol, by the official SDK, with tools that behave and tools that do not.

import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

export type ToolServer = Awaited<ReturnType<typeof startToolServer>>;

const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });

export async function startToolServer() {
  const heard: IncomingHttpHeaders[] = [];
  const calls: string[] = [];

  function newServer(): McpServer {
    const server = new McpServer({ name: 'tools of a test', version: '1' });
    const add = (name: string, answer: (given: string) => Promise<ReturnType<typeof text>> | ReturnType<typeof text>): void =>
      void server.registerTool(name, { description: name, inputSchema: { text: z.string() } }, async (given) => {
        calls.push(name);
        return answer(given.text);
      });
    add('count_words', (given) => text(`${given.split(/\s+/).filter(Boolean).length} words`));
    add('hang', () => new Promise(() => undefined));
    add('huge', () => text('x'.repeat(10 * 1024 * 1024)));
    add('refuse', () => ({ ...text('That is not for me.'), isError: true }));
    return server;
  }

  /** One server for each request: nothing is remembered between them. `/away` sends callers to `/mcp` by another way. */
  const http = createServer(async (request, response) => {
    heard.push(request.headers);
    if (request.url === '/away') return response.writeHead(307, { location: '/mcp' }).end();
    if (request.method !== 'POST') return response.writeHead(405).end();
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: request.url === '/json' });
    await newServer().connect(transport as Parameters<McpServer['connect']>[0]);
    await transport.handleRequest(request, response, JSON.parse(Buffer.concat(parts).toString()));
  });
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    url,
    heard,
    calls,
    stop: async (): Promise<void> => {
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
}
