import { RefusedTransaction } from '../chain/outbox.ts';
import { now } from '../context.ts';
import { gather } from '../datanets/gather.ts';
import { checkpointEventSchema, type EngineJobEvent } from '../engine/schemas.ts';
import { codeOf, ServiceError, sentence } from '../errors.ts';
import { planOf, recordsOf, type Trainer } from './estimate.ts';
import type { JobLog } from './events.ts';
import { finishJob } from './finish.ts';
import { acceptance, type JobRow, readSpec } from './quote.ts';

/** The engine's name for a job: other deployments, and a chain that was reorganised, have jobs of the same number. */
export function engineJobId({ config, chain }: Trainer, { jobId, specCid }: Pick<JobRow, 'jobId' | 'specCid'>): string {
  return `${chain.chainId}-${config.deployment.deployedAt}-${chain.contracts.jobs.address.slice(2, 10).toLowerCase()}-${jobId}-${specCid.slice(-8)}`;
}

/**
 * Trains an accepted job to the end: hands the records to the engine, relays its events, commits its checkpoints,
 * builds and attests the release. May be called again after a crash: it goes on where the log ends.
 * Throws what may pass (engine or node away); what cannot pass marks the job failed.
 */
export async function runJob(context: Trainer, jobLog: JobLog, row: JobRow, stopping: AbortSignal): Promise<void> {
  const { jobId } = row;
  try {
    const spec = await readSpec(context, row);
    if (row.status === 'accepted') await jobLog.record(jobId, { status: 'uploading' }, 'uploading');
    const gathered = await gather(context, spec.datanets, acceptance(row));
    const { records, held } = await recordsOf(context, spec, gathered.records);
    const id = engineJobId(context, row);
    await context.engine.startJob(id, planOf(spec, records));
    if (row.status === 'accepted' || row.status === 'uploading')
      await jobLog.record(jobId, { status: 'training', hint: null }, 'training', { records: records.length });
    const outcome = await follow(context, jobLog, row, id, stopping);
    if (outcome.type === 'done') {
      await jobLog.record(jobId, { status: 'finishing' }, 'finishing');
      await finishJob(context, row, id, gathered, { held, stopping });
      return;
    }
    const message = typeof outcome.message === 'string' ? outcome.message : 'The training was cancelled.';
    const hint =
      typeof outcome.hint === 'string' ? outcome.hint : 'The escrow goes back after the time of delivery: open a new job then.';
    await jobLog.record(jobId, { status: 'failed', error: message, hint }, 'refund-due', { deliverBy: row.deliverBy });
  } catch (error) {
    const isFinal = error instanceof RefusedTransaction || (error instanceof ServiceError && error.status < 500);
    if (!isFinal) throw error;
    const hint = 'Nothing was released. The escrow goes back after the time of delivery.';
    await jobLog.record(jobId, { status: 'failed', error: error.message, hint }, 'failed', {
      message: error.message,
      hint,
      code: codeOf(error),
    });
  }
}

/** Relays the engine's events until the final one. An engine that is away is asked again until the job must be delivered. */
async function follow(context: Trainer, jobLog: JobLog, row: JobRow, id: string, stopping: AbortSignal): Promise<EngineJobEvent> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), Math.max(0, ((row.deliverBy ?? 0) - now()) * 1000));
  const signal = AbortSignal.any([stopping, deadline.signal]);
  let next = row.engineSeq + 1;
  try {
    while (!signal.aborted) {
      try {
        // All of the log, so that a final event that was relayed before a crash is seen again.
        for await (const event of context.engine.jobEvents(id, 0, signal)) {
          const { seq, time, type, ...fields } = event;
          if (seq >= next) {
            if (type === 'checkpoint') await commitCheckpoint(context, row.jobId, fields);
            await jobLog.relay(row.jobId, seq, time, type, fields);
            next = seq + 1;
          }
          if (type === 'done' || type === 'failed' || type === 'cancelled') return event;
        }
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof ServiceError && error.code === 'job_not_found') throw error;
        context.log.warn({ jobId: row.jobId, reason: sentence(error) }, 'the engine is away: asking again');
        if ((await context.facts.clock()) > (row.deliverBy ?? 0)) break;
      }
      await new Promise((done) => setTimeout(done, 1_000));
    }
  } finally {
    clearTimeout(timer);
  }
  if (stopping.aborted) throw new Error('The service is stopping.');
  await context.engine.cancelJob(id).catch(() => undefined); // so that it does not train for nobody
  throw new ServiceError(410, 'too_late', 'The training did not end within the time that was promised.');
}

/** Commits a checkpoint while promised ones are left; half of the price comes with them. */
async function commitCheckpoint({ chain, outbox, log }: Trainer, jobId: number, fields: unknown): Promise<void> {
  const { step, digest } = checkpointEventSchema.parse(fields);
  const purpose = `checkpoint:${jobId}:${step}`;
  if (await outbox.find(purpose)) return;
  const { client, contracts } = chain;
  const job = await client.readContract({ ...contracts.jobs, functionName: 'job', args: [jobId] });
  if (job.checkpointsDone >= job.checkpoints) return;
  try {
    await outbox.settled(
      await outbox.send(purpose, { ...contracts.jobs, functionName: 'commitCheckpoint', args: [jobId, step, digest] }),
    );
  } catch (error) {
    if (!(error instanceof RefusedTransaction)) throw error;
    log.warn({ jobId, step, reason: error.message }, 'checkpoint not committed'); // attesting pays what is left
  }
}
