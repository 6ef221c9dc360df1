import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { agentIdOf } from '../agents/load.ts';
import type { Runs } from '../agents/runs.ts';
import type { Context } from '../context.ts';
import { errorBody, ServiceError } from '../errors.ts';
import { prepare, produce, type Sink } from '../gateway/answer.ts';
import { type Asked, askChat, askText } from '../gateway/asked.ts';
import { chatRequestSchema } from '../gateway/chatRequest.ts';
import { completionRequestSchema } from '../gateway/completionRequest.ts';
import { createSlots } from '../gateway/slots.ts';
import { storedAnswer } from '../gateway/stored.ts';
import { acknowledge, afterPayment, keyPayer, type Payer, paidPayer } from '../payments/payer.ts';
import type { Account } from '../sessions/book.ts';

const eventStream = 'text/event-stream; charset=utf-8';
const json = 'application/json; charset=utf-8';

/**
 * `POST /v1/chat/completions` and `/v1/completions`: OpenAI's endpoints, paid by the session behind the key, answered with a
 * receipt.
 */
export function completions(app: FastifyInstance, context: Context, runs: Runs): void {
  const slots = createSlots(context.config.limits.callsPerKey);
  const running = new Set<Promise<unknown>>();
  // Calls that a stop cuts off are charged for what was delivered, before the database closes.
  app.addHook('onClose', async () => void (await Promise.allSettled(running)));
  const track = <T>(work: Promise<T>): Promise<T> => {
    running.add(work);
    context.metrics.running.inc();
    return work.finally(() => {
      running.delete(work);
      context.metrics.running.dec();
    });
  };

  // An agent may be at work for minutes: a stop ends it, and whoever asks again with the same key has it go on.
  const stopping = new AbortController();
  app.addHook('preClose', async () => stopping.abort(stopped()));

  const bodyLimit = 1024 * 1024;
  const chat = (body: unknown): Asked => askChat(chatRequestSchema.parse(body));
  const text = (body: unknown): Asked => askText(completionRequestSchema.parse(body));
  app.post('/v1/chat/completions', { bodyLimit }, (request, reply) => serve(request, reply, chat));
  app.post('/v1/completions', { bodyLimit }, (request, reply) => serve(request, reply, text));

  async function serve(request: FastifyRequest, reply: FastifyReply, read: (body: unknown) => Asked): Promise<FastifyReply> {
    const byKey = await keyPayer(context, request);
    const asked = read(request.body);
    if (agentIdOf(asked.model) !== undefined) requireAgentCall(asked, byKey);
    const payer = byKey ?? (await paidPayer(context, slots, request, reply, asked));
    const explain = (error: unknown): Promise<unknown> => afterPayment(context, request, reply, asked, payer, known(error));
    try {
      return await answer(reply, asked, payer, explain);
    } catch (error) {
      throw await explain(error);
    }
  }

  function known(error: unknown): ServiceError {
    if (error instanceof ServiceError) return error;
    context.log.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'a call failed');
    return new ServiceError(500, 'internal', 'The gateway failed on this call, which is not charged: try again.');
  }

  /** @param explain what to say of an error, now that the call may have been paid for */
  async function answer(
    reply: FastifyReply,
    asked: Asked,
    payer: Payer,
    explain: (error: unknown) => Promise<unknown>,
  ): Promise<FastifyReply> {
    const { session, idempotencyKey, paid } = payer;
    const stored = await storedAnswer(context, session, asked, idempotencyKey);
    if (stored) {
      acknowledge(reply, payer);
      return reply.type(stored.stream ? eventStream : json).send(stored.response);
    }

    if (context.closed.channels.has(session.channel))
      throw new ServiceError(
        402,
        'channel_closed',
        'An earlier receipt of this session cannot be settled, so nothing more can be paid with it: open another session.',
      );
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort(left());
    });
    const work =
      agentIdOf(asked.model) === undefined
        ? await answersOf(asked, session, idempotencyKey, paid?.moved?.nonce)
        : await runOf(asked, session, idempotencyKey, gone.signal);
    if (!asked.stream) {
      const response = await track(work({ write: () => true, signal: gone.signal }));
      acknowledge(reply, payer);
      return reply.type(json).send(response);
    }

    // The headers go out with the first piece of text: whatever fails before is an ordinary error.
    const out = new PassThrough();
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const write = (text: string): boolean => {
      if (gone.signal.aborted || out.destroyed) return false;
      begin();
      out.write(text);
      return true;
    };
    const produced = track(work({ write, signal: gone.signal }));
    const isBegun = await Promise.race([begun.then(() => true), produced.then(() => true)]);
    void produced
      .catch(async (error: unknown) => {
        write(`data: ${JSON.stringify(errorBody(known(await explain(error))))}\n\ndata: [DONE]\n\n`);
      })
      .finally(() => out.end());
    acknowledge(reply, payer);
    return isBegun
      ? reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type(eventStream).send(out)
      : reply;
  }

  type Work = (sink: Sink) => Promise<string>;

  async function answersOf(asked: Asked, session: Account, key: string | undefined, payment?: string): Promise<Work> {
    const prepared = await prepare(context, slots, session, asked, key, payment);
    return (sink) => produce(context, prepared, sink);
  }

  /** An agent goes on when its caller leaves, if a retry can fetch what it finds. */
  async function runOf(asked: Asked, session: Account, key: string | undefined, gone: AbortSignal): Promise<Work> {
    const giveBack = slots.take(session.channel);
    try {
      const signal = AbortSignal.any([stopping.signal, ...(key === undefined ? [gone] : [])]);
      const task = await runs.prepare(session, chatRequestSchema.parse(asked.body), key, signal);
      return (sink) => runs.run(task, sink.write).finally(giveBack);
    } catch (error) {
      giveBack();
      throw error;
    }
  }
}

const left = (): ServiceError =>
  new ServiceError(499, 'client_closed', 'The caller went away: the agent stopped, and its own steps are not charged.');
const stopped = (): ServiceError =>
  new ServiceError(503, 'service_stopping', 'The service is being restarted: ask again with the same Idempotency-Key.', {
    retryAfter: 5,
  });

/** An agent is asked in a chat, and by a key: what it will cost is not known before it has done its steps. */
function requireAgentCall({ shape, model }: Asked, byKey: Payer | undefined): void {
  if (shape !== 'chat')
    throw new ServiceError(400, 'invalid_request', `${model} is an agent: ask it at POST /v1/chat/completions.`, {
      field: 'model',
    });
  if (!byKey)
    throw new ServiceError(
      401,
      'api_key_required',
      `${model} is an agent, which pays its steps as it goes: call it with an API key.`,
    );
}
