import { uint32Schema } from '@openledger/sdk';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { duplicatesOf } from '../datanets/duplicates.ts';
import type { Trainer } from '../training/estimate.ts';
import { orFresh } from './orFresh.ts';

const idSchema = z.coerce.number().pipe(uint32Schema);

/** Help for reviewers: what a contribution repeats. */
export function datanets(app: FastifyInstance, context: Trainer): void {
  app.get<{ Params: { id: string } }>('/v1/contributions/:id/duplicates', async (request) =>
    orFresh(context.freshen, () => duplicatesOf(context, idSchema.parse(request.params.id))),
  );
}
