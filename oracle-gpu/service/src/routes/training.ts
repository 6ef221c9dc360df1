import { PassThrough } from 'node:stream';
import { signedCancelJobSchema, toJson, uint32Schema } from '@openledger/sdk';
import { desc, eq, lt } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import type { Hex } from 'viem';
import { z } from 'zod';
import { trainingJobs } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import { calibrationCost, nextRuns } from '../training/calibrate.ts';
import { cancelTraining } from '../training/cancel.ts';
import { estimateTraining, type Trainer } from '../training/estimate.ts';
import { finalTypes, type JobLog } from '../training/events.ts';
import { specSchema } from '../training/spec.ts';
import { orFresh } from './orFresh.ts';
import { nextCursor, pageSchema } from './page.ts';

const idSchema = z.coerce.number().pipe(uint32Schema);
const fromSchema = z.object({ from: z.coerce.number().int().min(0).default(0) });
const cancelSchema = signedCancelJobSchema.omit({ jobId: true });
const runsSchema = z.object({ runs: z.coerce.number().int().min(24).max(256).multipleOf(2).optional() });
/** A comment now and then keeps idle connections open, ms. */
const pingMs = 15_000;

type JobRow = typeof trainingJobs.$inferSelect;

/** Training jobs: what they would cost, how they stand, and their log, live. */
export function training(app: FastifyInstance, context: Trainer, jobLog: JobLog): void {
  const { db } = context;

  app.post('/v1/training/estimate', async (request) => {
    const { datanets: _datanets, ...estimate } = await orFresh(context.freshen, () =>
      estimateTraining(context, specSchema.parse(request.body)),
    );
    return toJson(estimate);
  });

  app.get('/v1/jobs', async (request, reply) => {
    const { limit, cursor } = pageSchema.parse(request.query);
    const rows = await db
      .select()
      .from(trainingJobs)
      .where(cursor === undefined ? undefined : lt(trainingJobs.jobId, cursor))
      .orderBy(desc(trainingJobs.jobId))
      .limit(limit);
    if (rows.length === limit) reply.header(nextCursor, String(rows.at(-1)?.jobId));
    return rows.map(show);
  });

  app.get<{ Params: { id: string } }>('/v1/jobs/:id', async (request) =>
    show(await orFresh(context.freshen, () => find(idSchema.parse(request.params.id)))),
  );

  /** Stops a training; its requester signs. */
  app.post<{ Params: { id: string } }>('/v1/jobs/:id/cancel', async (request) => {
    const body = cancelSchema.parse(request.body);
    const jobId = idSchema.parse(request.params.id);
    await orFresh(context.freshen, () => cancelTraining(context, { ...body, jobId }));
    return show(await find(jobId));
  });

  /** What measuring the job's release would take and cost, how far it is, and what is known. */
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/calibration', async (request) => {
    const row = await orFresh(context.freshen, () => find(idSchema.parse(request.params.id)));
    const releaseHash = row.releaseHash as Hex | null;
    const fidelity = releaseHash === null ? undefined : await context.fidelities.fidelityOf(releaseHash);
    const { runs } = runsSchema.parse(request.query);
    const cost = await calibrationCost(context, row, runs ?? nextRuns(fidelity?.runs ?? 0));
    const job = await context.engine.calibration(cost.id).catch((error) => {
      if (error instanceof ServiceError && error.code === 'job_not_found') return undefined;
      throw error;
    });
    const { runs: asked, seconds, questions, records, price } = cost;
    const progress = job ? { status: job.status, step: job.step, steps: job.steps } : null;
    return toJson({ releaseHash, runs: asked, seconds, questions, records, price, progress, fidelity: fidelity ?? null });
  });

  app.get<{ Params: { id: string } }>('/v1/jobs/:id/events', async (request, reply) => {
    const job = await orFresh(context.freshen, () => find(idSchema.parse(request.params.id)));
    const lastEventId = Number(request.headers['last-event-id'] ?? -1);
    const { from } = fromSchema.parse(request.query);
    const out = new PassThrough();
    void follow(job.jobId, Math.max(from, Number.isInteger(lastEventId) ? lastEventId + 1 : 0), out);
    return reply
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .type('text/event-stream; charset=utf-8')
      .send(out);
  });

  async function find(jobId: number): Promise<JobRow> {
    const [row] = await db.select().from(trainingJobs).where(eq(trainingJobs.jobId, jobId));
    if (!row) throw new ServiceError(404, 'job_not_found', `There is no training job ${jobId} on this chain.`);
    return row;
  }

  /** Writes the log from `next` on, and what comes, until the job has ended or the reader is gone. */
  async function follow(jobId: number, start: number, out: PassThrough): Promise<void> {
    let next = start;
    let wake: () => void = () => undefined;
    const silence = jobLog.listen(jobId, () => wake());
    const ping = setInterval(() => out.write(': waiting\n\n'), pingMs);
    out.once('close', () => wake());
    try {
      while (!out.destroyed) {
        const grown = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const events = await jobLog.read(jobId, next);
        for (const event of events) out.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
        next = (events.at(-1)?.seq ?? next - 1) + 1;
        if (events.some(({ type }) => finalTypes.has(type))) break;
        if (events.length === 0 && finalTypes.has((await find(jobId)).status)) break;
        await grown;
      }
    } catch {
      // The reader connects again and goes on from the last event it has.
    } finally {
      clearInterval(ping);
      silence();
      out.end();
    }
  }
}

function show(row: JobRow) {
  return {
    jobId: row.jobId,
    status: row.status,
    modelId: row.modelId,
    requester: row.requester,
    baseModel: row.baseModel,
    specCid: row.specCid,
    quote: row.price === null ? null : { price: row.price.toString(), duration: row.duration, checkpoints: row.checkpoints },
    deliverBy: row.deliverBy,
    engine: { relayed: row.engineSeq + 1 },
    releaseHash: row.releaseHash,
    error: row.error,
    hint: row.hint,
  };
}
