import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { tools } from '../mcp/tools.ts';

const errorSchema = z.looseObject({ error: z.looseObject({ message: z.string(), code: z.string() }) });

/**
 * `POST /mcp`: this gateway as a server of the Model Context Protocol (Streamable HTTP). Nothing is remembered between
 * requests: each brings its API key, and is answered as the same request to `/v1` would be.
 */
export function mcp(app: FastifyInstance): void {
  function open(authorization: string | undefined): McpServer {
    const server = new McpServer({ name: 'openledger', version: '1' });
    for (const [name, { title, description, input, request, tell = (answer: unknown) => answer }] of Object.entries(tools))
      server.registerTool(name, { title, description, inputSchema: input }, async (given: Record<string, unknown>) => {
        const { method, url, body } = request(given as never);
        const response = await app.inject({
          method,
          url,
          headers: authorization === undefined ? {} : { authorization },
          ...(body ? { payload: body } : {}),
        });
        const answer: unknown = JSON.parse(response.body);
        const refused = response.statusCode >= 400 ? errorSchema.safeParse(answer).data : undefined;
        const said = refused ? `${refused.error.code}: ${refused.error.message}` : JSON.stringify(tell(answer));
        return { content: [{ type: 'text' as const, text: said }], isError: response.statusCode >= 400 };
      });
    return server;
  }

  app.post('/mcp', { bodyLimit: 1024 * 1024 }, async (request, reply) => {
    const server = open(request.headers.authorization);
    // One answer to one request; sessions would have to be kept.
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    reply.raw.once('close', () => void server.close());
    // The SDK's own types of a transport leave no room for exactOptionalPropertyTypes.
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value);
    await transport.handleRequest(request.raw, reply.raw, request.body);
  });
  for (const method of ['GET', 'DELETE'] as const)
    app.route({
      method,
      url: '/mcp',
      handler: async (_request, reply) => reply.code(405).header('allow', 'POST').send({ error: onlyPost }),
    });
}

const onlyPost = {
  message: 'There are no sessions here: POST each request.',
  type: 'invalid_request_error',
  code: 'method_not_allowed',
};
