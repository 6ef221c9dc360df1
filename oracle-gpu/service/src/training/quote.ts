import { datanetsHash } from '@openledger/sdk';
import { RefusedTransaction } from '../chain/outbox.ts';
import { now } from '../context.ts';
import type { Moment } from '../datanets/revoked.ts';
import type { trainingJobs } from '../db/schema.ts';
import { codeOf, ServiceError } from '../errors.ts';
import { catJson } from '../ipfs/client.ts';
import { checkpointsOf, estimateTraining, type Trainer } from './estimate.ts';
import type { JobLog } from './events.ts';
import { type Spec, specSchema } from './spec.ts';

export type JobRow = typeof trainingJobs.$inferSelect;

/**
 * When a job was accepted: it is trained on what was not revoked until then, so that a training that starts anew and an
 * operator who adopts its release find the same records. Before this was kept nothing could be revoked.
 */
export const acceptance = ({ acceptedBlock, acceptedLogIndex }: JobRow): Moment => ({
  blockNumber: acceptedBlock ?? 0,
  logIndex: acceptedLogIndex ?? 0,
});

/** Time promised in relation to the estimate: training shares the machine with answering. */
const slack = 4;

/** Reads a job's specification. Throws 422 with the reason when it cannot be worked with. */
export async function readSpec({ ipfs }: Trainer, row: JobRow): Promise<Spec> {
  const parsed = specSchema.safeParse(await catJson(ipfs, row.specCid));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ServiceError(
      422,
      'invalid_spec',
      `The specification ${row.specCid} is not right at ${issue?.path.join('.')}: ${issue?.message}.`,
    );
  }
  if (parsed.data.baseModel !== row.baseModel)
    throw new ServiceError(422, 'invalid_spec', 'The specification names another base model than the job.');
  return parsed.data;
}

/** Offers to do an open job for what its tokens cost; declines, with the reason in its log, what it cannot do. */
export async function quoteJob(context: Trainer, jobLog: JobLog, row: JobRow): Promise<void> {
  const { chain, outbox } = context;
  const { client, contracts } = chain;
  const { jobId } = row;
  if (!context.config.training.isOffered) {
    const message = 'This operator serves models and trains none.';
    await jobLog.record(jobId, { status: 'declined', error: message }, 'declined', { message, code: 'trains_none' });
    return;
  }
  const job = await client.readContract({ ...contracts.jobs, functionName: 'job', args: [jobId] });
  if (job.status !== 1 || Number(job.openUntil) <= now()) return;
  const [, quoted] = await client.readContract({ ...contracts.jobs, functionName: 'quoteOf', args: [jobId, chain.operator] });
  if (quoted !== 0 || (await outbox.isInFlight(`quote:${jobId}`))) return;
  try {
    const spec = await readSpec(context, row);
    const estimate = await estimateTraining(context, spec);
    if (datanetsHash(estimate.datanets) !== row.datanetsHash)
      throw new ServiceError(422, 'invalid_spec', 'The specification names other data than the job.');
    if (estimate.price > job.escrow) {
      throw new ServiceError(
        402,
        'insufficient_escrow',
        `Training ${estimate.trainTokens} tokens costs ${estimate.price} wei and the job holds ${job.escrow}: open one with more.`,
        { price: estimate.price.toString() },
      );
    }
    const duration = Math.max(context.config.training.minimumSeconds, Math.ceil(estimate.seconds * slack));
    const checkpoints = checkpointsOf(spec, estimate.steps);
    await outbox.settled(
      await outbox.send(`quote:${jobId}`, {
        ...contracts.jobs,
        functionName: 'quote',
        args: [jobId, estimate.price, duration, checkpoints],
      }),
    );
  } catch (error) {
    const isFinal = error instanceof RefusedTransaction || (error instanceof ServiceError && error.status < 500);
    if (!isFinal) throw error;
    await jobLog.record(jobId, { status: 'declined', error: error.message }, 'declined', {
      message: error.message,
      code: codeOf(error),
      ...(error instanceof ServiceError ? error.detail : {}),
    });
  }
}
