import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { errorBody, ServiceError } from '../errors.ts';
import { prepare, produce } from '../gateway/answer.ts';
import { type Asked, askChat, askText } from '../gateway/asked.ts';
import { chatRequestSchema } from '../gateway/chatRequest.ts';
import { completionRequestSchema } from '../gateway/completionRequest.ts';
import { createSlots } from '../gateway/slots.ts';
import { storedAnswer } from '../gateway/stored.ts';
import { acknowledge, afterPayment, keyPayer, type Payer, paidPayer } from '../payments/payer.ts';

const eventStream = 'text/event-stream; charset=utf-8';
const json = 'application/json; charset=utf-8';

/**
 * `POST /v1/chat/completions` and `/v1/completions`: OpenAI's endpoints, paid by the session behind the key, answered with a
 * receipt.
 */
export function completions(app: FastifyInstance, context: Context): void {
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

  const bodyLimit = 1024 * 1024;
  const chat = (body: unknown): Asked => askChat(chatRequestSchema.parse(body));
  const text = (body: unknown): Asked => askText(completionRequestSchema.parse(body));
  app.post('/v1/chat/completions', { bodyLimit }, (request, reply) => serve(request, reply, chat));
  app.post('/v1/completions', { bodyLimit }, (request, reply) => serve(request, reply, text));

  async function serve(request: FastifyRequest, reply: FastifyReply, read: (body: unknown) => Asked): Promise<FastifyReply> {
    const byKey = await keyPayer(context, request);
    const asked = read(request.body);
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
    const prepared = await prepare(context, slots, session, asked, idempotencyKey, paid?.moved?.nonce);
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    if (!asked.stream) {
      const response = await track(produce(context, prepared, { write: () => true, signal: gone.signal }));
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
    const produced = track(produce(context, prepared, { write, signal: gone.signal }));
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
}
