import type { ServerResponse } from 'node:http';
import { bytes32Schema, uint32Schema } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { trainingJobs } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import { freeAnswer, freeQuestionSchema } from '../gateway/freeAnswer.ts';
import { createSlots } from '../gateway/slots.ts';
import type { Account } from '../sessions/book.ts';
import { requireSession } from '../sessions/findSession.ts';
import type { Trainer } from '../training/estimate.ts';
import type { JobRow } from '../training/quote.ts';
import { engineJobId } from '../training/run.ts';
import { orFresh } from './orFresh.ts';

const number = z.coerce.number().pipe(uint32Schema);

/**
 * Answers that are not charged, since no release stands behind them: of the base, to compare with, and of a training's
 * checkpoint, to whoever pays for the training. Both take a key, come one at a time, and so many a minute.
 */
export function freeAnswers(app: FastifyInstance, context: Trainer): void {
  const { db, engine, config } = context;
  const slots = createSlots(1);
  const rateLimit = {
    max: config.limits.freeAnswersPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request: { headers: { authorization?: string | undefined }; ip: string }) =>
      request.headers.authorization ?? request.ip,
  };

  app.post<{ Params: { id: string } }>('/v1/bases/:id/answers', { config: { rateLimit } }, async (request, reply) => {
    const account = await requireSession(context, request.headers.authorization);
    const { base } = await engine.health();
    if (base?.id !== bytes32Schema.parse(request.params.id))
      throw new ServiceError(
        404,
        'base_not_found',
        `This operator has no base ${request.params.id}: choose one of GET /v1/bases.`,
      );
    return answer(account, null, request.body, reply.raw);
  });

  app.get<{ Params: { id: string } }>('/v1/jobs/:id/checkpoints', async (request) => {
    const job = await find(request.params.id);
    return (await checkpointsOf(job)).map(({ step }) => ({ step }));
  });

  app.post<{ Params: { id: string; step: string } }>(
    '/v1/jobs/:id/checkpoints/:step/answers',
    { config: { rateLimit } },
    async (request, reply) => {
      const account = await requireSession(context, request.headers.authorization);
      const job = await find(request.params.id);
      if (account.payer.toLowerCase() !== job.requester.toLowerCase())
        throw new ServiceError(
          403,
          'not_the_requester',
          `Only ${job.requester}, who opened job ${job.jobId}, can try it before it is released: use a key of that account.`,
        );
      const step = number.parse(request.params.step);
      if (!(await checkpointsOf(job)).some((one) => one.step === step))
        throw new ServiceError(404, 'checkpoint_not_found', `Job ${job.jobId} keeps no checkpoint of step ${step} here.`);
      const { adapter } = await engine.lendCheckpoint(engineJobId(context, job), step);
      return { step, ...(await answer(account, adapter, request.body, reply.raw)) };
    },
  );

  async function find(id: string): Promise<JobRow> {
    const jobId = number.parse(id);
    return orFresh(context.freshen, async () => {
      const [row] = await db.select().from(trainingJobs).where(eq(trainingJobs.jobId, jobId));
      if (!row) throw new ServiceError(404, 'job_not_found', `There is no training job ${jobId} on this chain.`);
      return row;
    });
  }

  /** None where this operator does not train the job, or has not begun. */
  const checkpointsOf = (job: JobRow) =>
    engine.checkpoints(engineJobId(context, job)).catch((error: unknown) => {
      if (error instanceof ServiceError && error.code === 'job_not_found') return [];
      throw error;
    });

  async function answer(account: Account, adapter: string | null, body: unknown, connection: ServerResponse) {
    const asked = freeQuestionSchema.parse(body);
    const giveBack = slots.take(account.channel);
    const gone = new AbortController();
    connection.once('close', () => gone.abort());
    try {
      return await freeAnswer(context, adapter, asked, gone.signal);
    } finally {
      giveBack();
    }
  }
}
