import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { chatRequestSchema } from '../gateway/chatRequest.ts';
import { completionRequestSchema } from '../gateway/completionRequest.ts';
import { embeddingsRequestSchema, tokenizeRequestSchema } from './texts.ts';

type Operation = { summary: string; body?: z.ZodType; isPaid?: boolean };

/** What clients of OpenAI's interface find here; everything else is in docs/interfaces.md. */
const operations: Record<string, Record<string, Operation>> = {
  '/v1/chat/completions': {
    post: {
      summary:
        'The next answer of a chat, with a receipt. An agent (agent/7) does steps: a stream tells each in a chunk without choices, field `step` ({ step, kind, name, status, agent, depth, input, output, receipt, ms }), and the last chunk has its receipt and, in `run`, those of its steps',
      body: chatRequestSchema,
      isPaid: true,
    },
  },
  '/v1/completions': { post: { summary: 'What follows a text, with a receipt', body: completionRequestSchema, isPaid: true } },
  '/v1/embeddings': { post: { summary: 'Texts as vectors of meaning; free', body: embeddingsRequestSchema } },
  '/tokenize': { post: { summary: 'A chat or a text as tokens; free', body: tokenizeRequestSchema } },
  '/v1/runs/{id}': { get: { summary: 'What an agent did for the key that paid: its steps, its receipt and theirs' } },
  '/mcp': { post: { summary: 'This gateway as a server of the Model Context Protocol (Streamable HTTP)' } },
  '/v1/models': { get: { summary: 'The models that answer here; ?limit= and ?after= page' } },
  '/v1/models/{model}': { get: { summary: 'One model' } },
  '/v1/usage': { get: { summary: 'What a key has used of each model' } },
  '/health': { get: { summary: 'Whether the service is well' } },
  '/metrics': { get: { summary: 'Counters for Prometheus' } },
};

const free = new Set(['/v1/models', '/v1/models/{model}', '/health', '/metrics']);

const parameter = (path: string): string | undefined => /\{(\w+)\}/.exec(path)?.[1];

/** The OpenAPI document, its bodies generated from what requests are parsed by. */
export function openapiDocument() {
  const operation = (path: string, { summary, body, isPaid }: Operation) => ({
    summary,
    ...(free.has(path) ? {} : { security: [{ key: [] }] }),
    ...(parameter(path)
      ? { parameters: [{ name: parameter(path), in: 'path', required: true, schema: { type: 'string' } }] }
      : {}),
    ...(body
      ? { requestBody: { required: true, content: { 'application/json': { schema: z.toJSONSchema(body, { io: 'input' }) } } } }
      : {}),
    responses: {
      '200': { description: 'As OpenAI answers' },
      '4XX': { description: 'What is wrong, in a sentence that says what to do: { error: { message, type, code, param } }' },
      ...(isPaid ? { '402': { description: 'What is missing to pay for it, or how it can be paid (x402)' } } : {}),
    },
  });
  const paths = Object.fromEntries(
    Object.entries(operations).map(([path, methods]) => [
      path,
      Object.fromEntries(Object.entries(methods).map(([method, one]) => [method, operation(path, one)])),
    ]),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'OpenLedger gateway', version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    paths,
  };
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function page(): string {
  const { paths, info } = openapiDocument();
  const parts = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, requestBody }]) => {
      const body = requestBody ? JSON.stringify(requestBody.content['application/json'].schema, null, 2) : '';
      const fields = body && `<details><summary>Body</summary><pre>${escaped(body)}</pre></details>`;
      return `<section><h2><code>${method.toUpperCase()} ${escaped(path)}</code></h2><p>${escaped(summary)}</p>${fields}</section>`;
    }),
  );
  const style =
    'body{font:1rem/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}pre{overflow:auto}';
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${info.title}</title><style>${style}</style></head><body><h1>${info.title}</h1><p>The same for programs: <a href="/openapi.json">openapi.json</a>.</p>${parts.join('')}</body></html>`;
}

/** `GET /openapi.json`, and `/docs` for people. */
export function openapi(app: FastifyInstance): void {
  app.get('/openapi.json', async () => openapiDocument());
  app.get('/docs', async (_request, reply) => reply.type('text/html; charset=utf-8').send(page()));
}
