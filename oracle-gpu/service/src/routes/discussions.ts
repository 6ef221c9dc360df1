import { signedRemarkSchema, subjectPath, subjectSchema, toJson } from '@openledger/sdk';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { takeRemark } from '../discussions/takeRemark.ts';
import { pinThread, readDiscussion } from '../discussions/threads.ts';
import { ServiceError } from '../errors.ts';
import { createMutex } from '../mutex.ts';

const pathSchema = z.object({
  subject: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}-\d{1,78}$/, 'must be a contract and a number, such as 0x…-12')
    .transform((text) => text.split('-'))
    .transform(([contract, proposalId]) => ({ contract: contract?.toLowerCase(), proposalId }))
    .pipe(subjectSchema),
});

const limits = (max: number) => ({ config: { rateLimit: { max, timeWindow: 60_000 } } });

/** What is said about proposals: signed by who says it, kept here, pinned as a whole. */
export function discussions(app: FastifyInstance, context: Context): void {
  const inOrder = createMutex(); // so that a thread is pinned with all that came before

  app.post('/v1/discussions/:subject', limits(60), async (request, reply) => {
    const { subject } = pathSchema.parse(request.params);
    const remark = signedRemarkSchema.parse(request.body);
    if (subjectPath(remark) !== subjectPath(subject))
      throw new ServiceError(400, 'wrong_subject', `The message is about ${subjectPath(remark)}: post it there.`);
    return reply.code(201).send(await inOrder(() => takeRemark(context, remark)));
  });

  app.get('/v1/discussions/:subject', limits(300), async (request) => {
    const { subject } = pathSchema.parse(request.params);
    const found = await readDiscussion(context, subject);
    if (found.pinned === found.thread.messages.length) return toJson(found);
    await inOrder(() => pinThread(context, subject));
    return toJson(await readDiscussion(context, subject));
  });
}
