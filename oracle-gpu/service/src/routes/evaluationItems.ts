import { randomBytes } from 'node:crypto';
import { evaluationItemsSchema, evaluationLimits } from '@openledger/sdk';
import type { FastifyInstance } from 'fastify';
import { type Hex, toHex } from 'viem';
import { z } from 'zod';
import { gather } from '../datanets/gather.ts';
import { ServiceError } from '../errors.ts';
import { drawItems } from '../evaluation/draw.ts';
import { keepItems } from '../evaluation/items.ts';
import type { Trainer } from '../training/estimate.ts';
import { areOpen } from '../training/finish.ts';
import { specSchema } from '../training/spec.ts';
import { orFresh } from './orFresh.ts';

const itemBytes = 4 * 1024 * 1024;

const drawSchema = z.strictObject({
  datanets: specSchema.shape.datanets,
  count: z.int().min(evaluationLimits.fewest).max(evaluationLimits.most),
  maxTokens: z.int().min(1).max(1_024).default(96),
});

/**
 * `POST /v1/evaluation-items` and `/drawn`: what a model shall be measured on, told to the operator or drawn by it before
 * the training. The answer is what a job's specification commits to; the items are published with the release.
 */
export function evaluationItems(app: FastifyInstance, context: Trainer): void {
  const rateLimit = { max: context.config.limits.uploadsPerMinute, timeWindow: 60_000 };

  app.post('/v1/evaluation-items', { bodyLimit: itemBytes, config: { rateLimit } }, async (request) =>
    keepItems(context, { items: evaluationItemsSchema.parse(request.body), recordIds: null }),
  );

  app.post('/v1/evaluation-items/drawn', { config: { rateLimit } }, async (request) => {
    const { datanets, count, maxTokens } = drawSchema.parse(request.body);
    if (!(await areOpen(context, datanets)))
      throw new ServiceError(
        403,
        'datanet_not_open',
        'Questions that are held back are published with the release, and these datanets are not open to everybody: bring your own.',
      );
    const { records } = await orFresh(context.freshen, () => gather(context, datanets));
    const salt: Hex = toHex(randomBytes(32));
    const { items, recordIds } = drawItems(records, count, salt);
    return keepItems(context, {
      items: { schema: 'openledger.evaluation-items.1', salt, metric: 'contains', maxTokens, items },
      recordIds,
    });
  });
}
