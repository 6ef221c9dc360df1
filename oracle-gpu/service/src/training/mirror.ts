import { eq } from 'drizzle-orm';
import { type Address, isAddressEqual } from 'viem';
import type { ChainEvent } from '../chain/events.ts';
import type { Transaction } from '../db/open.ts';
import { jobEvents, trainingJobs } from '../db/schema.ts';
import type { JobLog } from './events.ts';

type JobRow = typeof trainingJobs.$inferSelect;

/** Keeps training jobs as the chain tells them, with an entry in their log for what concerns this operator. May be repeated. */
export function createJobMirror(operator: Address, jobLog: JobLog) {
  return async function mirror(tx: Transaction, event: ChainEvent): Promise<number | undefined> {
    const { eventName, args, transactionHash: txHash } = event;
    const change = async (
      jobId: number,
      from: readonly string[],
      changes: Partial<JobRow>,
      type: string,
      fields: Record<string, unknown>,
    ): Promise<void> => {
      const [row] = await tx.select().from(trainingJobs).where(eq(trainingJobs.jobId, jobId)).for('update');
      if (!row || !from.includes(row.status)) return;
      await jobLog.appendIn(tx, jobId, type, fields);
      await tx.update(trainingJobs).set(changes).where(eq(trainingJobs.jobId, jobId));
    };
    switch (eventName) {
      case 'JobOpened': {
        const { jobId, modelId, requester, baseModel, datanetsHash, specCid } = args;
        const [known] = await tx.select().from(trainingJobs).where(eq(trainingJobs.jobId, jobId));
        if (known?.specCid === specCid && known.modelId === modelId) return jobId;
        // After a reorganisation the same number may be another job.
        await tx.delete(jobEvents).where(eq(jobEvents.jobId, jobId));
        await tx.delete(trainingJobs).where(eq(trainingJobs.jobId, jobId));
        const row = { jobId, modelId, requester: requester.toLowerCase(), baseModel, datanetsHash, specCid, status: 'open' };
        await tx.insert(trainingJobs).values(row);
        return jobId;
      }
      case 'JobQuoted': {
        const { jobId, price, duration, checkpoints } = args;
        if (!isAddressEqual(args.operator, operator)) return undefined;
        await change(jobId, ['open'], { status: 'quoted', price, duration, checkpoints }, 'quoted', {
          price: price.toString(),
          duration,
          checkpoints,
          txHash,
        });
        return jobId;
      }
      case 'JobAccepted': {
        const { jobId, price } = args;
        const deliverBy = Number(args.deliverBy);
        const isOurs = isAddressEqual(args.operator, operator);
        // Whatever became of it here: after a reorganisation it may have been accepted elsewhere.
        await tx
          .update(trainingJobs)
          .set({ acceptedBlock: Number(event.blockNumber), acceptedLogIndex: event.logIndex })
          .where(eq(trainingJobs.jobId, jobId));
        await change(
          jobId,
          ['open', 'quoted', 'declined'],
          { status: isOurs ? 'accepted' : 'taken', price, deliverBy },
          isOurs ? 'accepted' : 'taken',
          {
            price: price.toString(),
            deliverBy,
            operator: args.operator.toLowerCase(),
            txHash,
          },
        );
        return jobId;
      }
      case 'JobAttested': {
        const { jobId, releaseHash } = args;
        if (!isAddressEqual(args.operator, operator)) return undefined;
        await change(
          jobId,
          ['accepted', 'uploading', 'training', 'finishing', 'failed'],
          { status: 'attested', releaseHash, error: null, hint: null },
          'attested',
          { releaseHash, txHash },
        );
        return jobId;
      }
      case 'JobRefunded': {
        const { jobId, refunded } = args;
        const fields = { refunded: refunded.toString(), txHash };
        await change(jobId, ['accepted', 'uploading', 'training', 'finishing', 'failed'], { status: 'timed-out' }, 'timed-out', {
          ...fields,
          message: 'The job was not delivered in time: the escrow went back to the requester.',
        });
        await change(jobId, ['open', 'quoted', 'declined', 'taken'], { status: 'refunded' }, 'refunded', fields);
        return jobId;
      }
      default:
        return undefined;
    }
  };
}
