import { signedFlagSchema, uint32Schema } from '@openledger/sdk';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { listFlags } from '../flags/listFlags.ts';
import { takeFlag } from '../flags/takeFlag.ts';
import { nextCursor, pageSchema } from './page.ts';

const cursorSchema = z
  .string()
  .regex(/^\d+\.[0-9a-f-]{36}$/)
  .transform((text) => {
    const [created, id] = text.split('.') as [string, string];
    return { created: Number(created), id };
  });
const listSchema = pageSchema.extend({ cursor: cursorSchema.optional(), datanet: z.coerce.number().pipe(uint32Schema) });

/** What readers flag, and what a datanet's reviewers see of it. */
export function flags(app: FastifyInstance, context: Context): void {
  app.post('/v1/flags', async (request, reply) => {
    const id = await takeFlag(context, signedFlagSchema.parse(request.body));
    return reply.code(201).send({ id });
  });

  app.get('/v1/flags', async (request, reply) => {
    const { datanet, limit, cursor } = listSchema.parse(request.query);
    const found = await listFlags(context, datanet, { limit, cursor });
    const last = found.at(-1);
    if (last && found.length === limit) reply.header(nextCursor, `${last.created}.${last.id}`);
    return found;
  });
}
