import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { messagesSchema, plainMessages } from '../gateway/chatRequest.ts';
import { requireSession } from '../sessions/findSession.ts';

const text = z.string().min(1, 'must not be empty').max(65_536);
/** What of OpenAI's request for embeddings is understood; other fields are refused. */
export const embeddingsRequestSchema = z.strictObject({
  model: z.string().max(200),
  input: z.union([text, z.array(text).min(1).max(256)]),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  user: z.string().max(512).nullish(),
});

/** A chat, or a text as it stands. */
export const tokenizeRequestSchema = z.union([z.strictObject({ messages: messagesSchema }), z.strictObject({ prompt: text })]);

/**
 * `POST /v1/embeddings` and `/tokenize`: what the engine does without an adapter. No contributor's data has a part in it,
 * so nothing is charged; it takes a key and has a limit.
 */
export function texts(app: FastifyInstance, context: Context): void {
  const { engine, config } = context;
  const rateLimit = {
    max: config.limits.textsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request: { headers: { authorization?: string | undefined }; ip: string }) =>
      request.headers.authorization ?? request.ip,
  };

  app.post('/v1/embeddings', { bodyLimit: 1024 * 1024, config: { rateLimit } }, async (request) => {
    await requireSession(context, request.headers.authorization);
    const { input, encoding_format: format } = embeddingsRequestSchema.parse(request.body);
    const { model, embeddings, tokens } = await engine.embed(typeof input === 'string' ? [input] : input);
    const data = embeddings.map((embedding, index) => ({
      object: 'embedding',
      index,
      embedding: format === 'base64' ? Buffer.from(new Float32Array(embedding).buffer).toString('base64') : embedding,
    }));
    return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  });

  for (const path of ['/tokenize', '/v1/tokenize'])
    app.post(path, { bodyLimit: 1024 * 1024, config: { rateLimit } }, async (request) => {
      await requireSession(context, request.headers.authorization);
      const asked = tokenizeRequestSchema.parse(request.body);
      const input = 'messages' in asked ? { messages: plainMessages(asked.messages) } : { prompt: asked.prompt };
      const { promptTokens, promptTokenIds, contextLength } = await engine.tokenize(input);
      return { count: promptTokens, tokens: promptTokenIds, max_model_len: contextLength };
    });
}
