import { eq, inArray } from 'drizzle-orm';
import { PgBoss } from 'pg-boss';
import { RefusedTransaction } from '../chain/outbox.ts';
import { now } from '../context.ts';
import { trainingJobs } from '../db/schema.ts';
import { sentence } from '../errors.ts';
import type { Trainer } from './estimate.ts';
import type { JobLog } from './events.ts';
import { quoteJob } from './quote.ts';
import { runJob } from './run.ts';

const queue = 'training';
/** States in which something is to be done about a job, now or when its time is over. */
const unfinished = ['open', 'accepted', 'uploading', 'training', 'finishing', 'failed'];
const running = new Set(['accepted', 'uploading', 'training', 'finishing']);
/** Jobs worked on at once: quotes and refunds must not wait behind a training. */
const atOnce = 8;
/** A refund right at the last second would come too early for the chain's clock. */
const graceSeconds = 3;

/**
 * Works on training jobs through a queue in the database, one worker a job. What is to be done follows from the job's
 * row and the chain alone, so a job may be taken up again at any point.
 */
export async function openTrainer(context: Trainer, jobLog: JobLog) {
  const { db, chain, outbox, log } = context;
  const stopping = new AbortController();
  const boss = new PgBoss({ connectionString: context.config.databaseUrl, schema: 'queue', max: 4, schedule: false });
  boss.on('error', (error) => log.warn({ reason: sentence(error) }, 'the queue had an error'));
  await boss.start();
  await boss.createQueue(queue, { policy: 'exclusive', retryLimit: 0, expireInSeconds: 82_800 });
  await boss.deleteAllJobs(queue); // of a worker that is gone; the rows say what is to be done
  const notBefore = new Map<number, { at: number; failures: number }>();

  await boss.work<{ jobId: number }>(
    queue,
    { batchSize: 1, localConcurrency: atOnce, pollingIntervalSeconds: 1 },
    async (jobs) => {
      for (const { data } of jobs) await advance(data.jobId);
    },
  );

  async function advance(jobId: number): Promise<void> {
    try {
      await step(jobId);
      notBefore.delete(jobId);
    } catch (error) {
      if (stopping.signal.aborted) return;
      const failures = (notBefore.get(jobId)?.failures ?? 0) + 1;
      notBefore.set(jobId, { failures, at: now() + Math.min(2 ** failures, 30) });
      log.warn({ jobId, failures, reason: sentence(error) }, 'a training job will be tried again');
      const hint = `${sentence(error)} The operator tries again by itself until the time of delivery.`;
      await db.update(trainingJobs).set({ hint }).where(eq(trainingJobs.jobId, jobId));
    }
  }

  async function step(jobId: number): Promise<void> {
    const [row] = await db.select().from(trainingJobs).where(eq(trainingJobs.jobId, jobId));
    if (!row) return;
    if (row.status === 'open') return quoteJob(context, jobLog, row);
    const isOver = row.deliverBy !== null && (await context.facts.clock()) > row.deliverBy + graceSeconds;
    if (isOver) return refund(jobId);
    if (running.has(row.status)) await runJob(context, jobLog, row, stopping.signal);
  }

  /** Gives the requester the escrow back once the promised time is over. */
  async function refund(jobId: number): Promise<void> {
    const purpose = `refund:${jobId}`;
    if (await outbox.isInFlight(purpose)) return;
    const { status } = await chain.client.readContract({ ...chain.contracts.jobs, functionName: 'job', args: [jobId] });
    if (status !== 2) return; // attested or refunded: the watcher tells
    try {
      await outbox.settled(await outbox.send(purpose, { ...chain.contracts.jobs, functionName: 'refund', args: [jobId] }));
    } catch (error) {
      if (!(error instanceof RefusedTransaction)) throw error;
      throw new Error(`refund of job ${jobId}: ${error.message}`);
    }
  }

  return {
    /** Puts every job that needs something into the queue; one that is there already is not put in twice. */
    async dispatch(): Promise<void> {
      const rows = await db.select().from(trainingJobs).where(inArray(trainingJobs.status, unfinished));
      if (rows.length === 0) return;
      const clock = await context.facts.clock();
      for (const { jobId, status, deliverBy } of rows) {
        if (status === 'failed' && (deliverBy ?? 0) + graceSeconds >= clock) continue;
        if ((notBefore.get(jobId)?.at ?? 0) > now()) continue;
        await boss.send(queue, { jobId }, { singletonKey: String(jobId) });
      }
    },
    async stop(): Promise<void> {
      stopping.abort();
      await boss.stop({ graceful: true, timeout: 5_000 });
    },
  };
}
