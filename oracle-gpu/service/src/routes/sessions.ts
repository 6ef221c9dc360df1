import type { FastifyInstance } from 'fastify';
import type { Hex } from 'viem';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import { requireSession } from '../sessions/findSession.ts';
import { openSession, openSessionSchema } from '../sessions/openSession.ts';

const signatureOnly = z.looseObject({ signature: z.string() });

/** `POST /v1/sessions` opens a channel for an API key; `GET /v1/sessions/me` says how far it is used. */
export function sessions(app: FastifyInstance, context: Context): void {
  app.post('/v1/sessions', async (request) => {
    if (!signatureOnly.safeParse(request.body).success) {
      throw new ServiceError(401, 'invalid_signature', "The voucher is not signed: send its signer's signature beside it.");
    }
    const row = await openSession(context, openSessionSchema.parse(request.body));
    return {
      channel: row.channel,
      ceiling: row.ceiling.toString(),
      expiry: row.expiry,
      sequence: row.sequence,
      collected: row.collected.toString(),
    };
  });

  app.get('/v1/sessions/me', async (request) => {
    const row = await requireSession(context, request.headers.authorization);
    const { client, contracts } = context.chain;
    const { collected } = await client.readContract({ ...contracts.escrow, functionName: 'channel', args: [row.channel as Hex] });
    return {
      payer: row.payer,
      signer: row.signer,
      channel: row.channel,
      ceiling: row.ceiling.toString(),
      spent: row.spent.toString(),
      reserved: row.reserved.toString(),
      sequence: row.sequence,
      expiry: row.expiry,
      collected: collected.toString(),
    };
  });
}
