import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { parseAttributionBody } from '../gateway/attributionBody.ts';
import { explain } from '../gateway/explain.ts';
import { createSlots } from '../gateway/slots.ts';
import { requireSession } from '../sessions/findSession.ts';

const perMinute = 20;

/**
 * `POST /v1/attribution`: which records shaped an answer, and which phrases of it. Not charged, since whoever asks has
 * paid for answers here; so it needs a session's key, one at a time and few a minute.
 */
export function attribution(app: FastifyInstance, context: Context): void {
  const slots = createSlots(1);
  const rateLimit = {
    max: perMinute,
    timeWindow: 60_000,
    keyGenerator: ({ headers, ip }: { headers: { authorization?: string | undefined }; ip: string }) =>
      headers.authorization ?? ip,
  };
  app.post('/v1/attribution', { config: { rateLimit } }, async (request) => {
    const session = await requireSession(context, request.headers.authorization);
    const body = parseAttributionBody(request.body);
    const giveBack = slots.take(session.channel);
    try {
      return await explain(context, session, body);
    } finally {
      giveBack();
    }
  });
}
