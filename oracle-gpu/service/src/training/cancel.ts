import { cancelJobTypedData, openLedgerDomain, type SignedCancelJob } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import type { Address } from 'viem';
import { trainingJobs } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import type { Trainer } from './estimate.ts';
import { engineJobId } from './run.ts';

/** States in which the engine may be training. */
const running = new Set(['accepted', 'uploading', 'training']);

/**
 * Stops a training because its requester says so. The job's worker sees the engine's last event and does the rest: nothing
 * is released, and what was not paid for checkpoints goes back after the time of delivery, as of a job that failed.
 */
export async function cancelTraining(context: Trainer, { signature, ...cancel }: SignedCancelJob): Promise<void> {
  const { db, chain, engine } = context;
  const [row] = await db.select().from(trainingJobs).where(eq(trainingJobs.jobId, cancel.jobId));
  if (!row || row.specCid !== cancel.specCid)
    throw new ServiceError(404, 'job_not_found', `There is no training job ${cancel.jobId} with this specification.`);
  const domain = openLedgerDomain(chain.chainId, chain.contracts.jobs.address);
  const requester = row.requester as Address;
  // By an account, or by a contract that says so (ERC-1271).
  const isTheirs = await chain.client.verifyTypedData({ address: requester, ...cancelJobTypedData(cancel, domain), signature });
  if (!isTheirs)
    throw new ServiceError(403, 'not_the_requester', 'Only who asked for a training can stop it: sign with that wallet.', {
      requester,
    });
  if (!running.has(row.status))
    throw new ServiceError(409, 'not_running', `Job ${row.jobId} is ${row.status}: there is no training to stop.`);
  try {
    await engine.cancelJob(engineJobId(context, row));
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'job_not_found')) throw error;
    throw new ServiceError(409, 'not_begun', `The training of job ${row.jobId} has not begun: try again in a minute.`);
  }
}
