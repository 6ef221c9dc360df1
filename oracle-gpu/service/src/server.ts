import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyError, type FastifyReply } from 'fastify';
import { ZodError } from 'zod';
import type { Context } from './context.ts';
import { errorBody, ServiceError, sentence } from './errors.ts';
import { paymentRequiredHeader, paymentResponseHeader } from './payments/offer.ts';
import { nextCursor } from './routes/page.ts';

/** The HTTP side: limits, CORS and errors in one shape. Routes are added by whoever calls. */
export async function openServer({ log, config }: Pick<Context, 'log' | 'config'>) {
  const app = Fastify({
    logger: false,
    bodyLimit: 512 * 1024,
    trustProxy: 'loopback',
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 128 }, // a contract and a uint256 in decimal take 121
  });
  await app.register(cors, {
    origin: true,
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: [nextCursor, 'retry-after', 'repr-digest', paymentRequiredHeader, paymentResponseHeader],
    strictPreflight: false,
  });
  await app.register(rateLimit, {
    global: false,
    errorResponseBuilder: (_request, { after }) =>
      new ServiceError(429, 'too_many_requests', `Too many requests: try again in ${after}.`, {}),
  });

  app.setErrorHandler((error: FastifyError | ServiceError | ZodError, request, reply) =>
    answerError(reply, known(error, request.url)),
  );
  app.setNotFoundHandler((request, reply) =>
    answerError(
      reply,
      new ServiceError(
        404,
        'not_found',
        `There is nothing at ${request.method} ${request.url.split('?')[0]}: see docs/interfaces.md.`,
      ),
    ),
  );
  app.addHook('onResponse', async (request, reply) => {
    log.debug(
      { method: request.method, route: request.routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'request',
    );
  });

  function known(error: FastifyError | ServiceError | ZodError, url: string): ServiceError {
    if (error instanceof ServiceError) return error;
    if (error instanceof ZodError) return invalid(error);
    if (error.statusCode === 413)
      return new ServiceError(413, 'file_too_large', 'The body is larger than what is taken here: split it.');
    if (error.statusCode === 429) return new ServiceError(429, 'too_many_requests', error.message);
    if (error.statusCode && error.statusCode < 500) return new ServiceError(error.statusCode, 'invalid_request', error.message);
    log.error({ route: url.split('?')[0], reason: sentence(error), stack: error.stack }, 'a request failed');
    return new ServiceError(500, 'internal', 'The service failed on this request: try again, and look into its log if it stays.');
  }

  return { app, port: config.port };
}

function invalid(error: ZodError): ServiceError {
  const [issue] = error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...(issue?.path ?? []), ...unknown].map(String).join('.');
  const field = path === '' ? 'The request' : `The field ${path}`;
  const reason = issue?.message ?? 'see docs/interfaces.md';
  const message =
    unknown.length > 0
      ? `${field} is not known here, so it is not passed over in silence: leave it out.`
      : `${field} is not right: ${reason}.`;
  return new ServiceError(400, 'invalid_request', message, { field: path });
}

function answerError(reply: FastifyReply, error: ServiceError): FastifyReply {
  const { retryAfter } = error.detail;
  if (typeof retryAfter === 'number') void reply.header('retry-after', String(retryAfter));
  return reply.code(error.status).type('application/json; charset=utf-8').send(errorBody(error));
}
