import { signedBallotSchema, signedDelegationSchema } from '@openledger/sdk';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { createMutex } from '../mutex.ts';
import { relayDelegation } from '../votes/relayDelegation.ts';
import { createRelayLimit } from '../votes/relayLimit.ts';
import { relayVote } from '../votes/relayVote.ts';

// Beside the limit by account: what is looked at costs reads of the chain, whoever signed it.
const limits = { config: { rateLimit: { max: 60, timeWindow: 60_000 } } };

/** Votes and delegations that somebody signed and this operator carries to the chain, at its gas. */
export function votes(app: FastifyInstance, context: Context): void {
  const takeTurn = createRelayLimit();
  const inOrder = createMutex(); // so that the same ballot, sent twice at once, is carried once

  app.post('/v1/votes', limits, async (request, reply) => {
    const ballot = signedBallotSchema.parse(request.body);
    const transaction = await inOrder(() => relayVote(context, ballot, takeTurn));
    return reply.code(202).send({ transaction });
  });

  app.post('/v1/delegations', limits, async (request, reply) => {
    const delegation = signedDelegationSchema.parse(request.body);
    const transaction = await inOrder(() => relayDelegation(context, delegation, takeTurn));
    return reply.code(202).send({ transaction });
  });
}
