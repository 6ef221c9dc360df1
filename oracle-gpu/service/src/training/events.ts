import { EventEmitter } from 'node:events';
import { and, asc, eq, gte, max } from 'drizzle-orm';
import { now } from '../context.ts';
import type { Database, Transaction } from '../db/open.ts';
import { jobEvents, trainingJobs } from '../db/schema.ts';

export type JobEvent = { seq: number; time: number; type: string } & Record<string, unknown>;
export type JobLog = ReturnType<typeof createJobLog>;

/** After these nothing more happens to a job. A job that failed still waits for its refund. */
export const finalTypes = new Set(['attested', 'timed-out', 'refunded', 'declined', 'taken']);

/** The append-only log of each job, stored before anyone sees it. */
export function createJobLog(db: Database) {
  const heard = new EventEmitter();
  heard.setMaxListeners(0);

  /** Appends within a transaction that holds the job's row; announces with `announce` after the commit. */
  async function appendIn(
    tx: Transaction,
    jobId: number,
    type: string,
    fields: Record<string, unknown> = {},
    time = now(),
  ): Promise<void> {
    await tx.select({ jobId: trainingJobs.jobId }).from(trainingJobs).where(eq(trainingJobs.jobId, jobId)).for('update');
    const [last] = await tx
      .select({ seq: max(jobEvents.seq) })
      .from(jobEvents)
      .where(eq(jobEvents.jobId, jobId));
    await tx.insert(jobEvents).values({ jobId, seq: (last?.seq ?? -1) + 1, time, type, data: fields });
  }

  return {
    appendIn,
    announce: (jobId: number): void => void heard.emit(String(jobId)),
    /** Changes a job's row and appends an event in one transaction. */
    async record(
      jobId: number,
      changes: Partial<typeof trainingJobs.$inferInsert>,
      type: string,
      fields: Record<string, unknown> = {},
    ): Promise<void> {
      await db.transaction(async (tx) => {
        await appendIn(tx, jobId, type, fields);
        if (Object.keys(changes).length > 0) await tx.update(trainingJobs).set(changes).where(eq(trainingJobs.jobId, jobId));
      });
      heard.emit(String(jobId));
    },
    /** Appends an event of the engine once: `engineSeq` is its place in the engine's own log. */
    async relay(jobId: number, engineSeq: number, time: number, type: string, fields: Record<string, unknown>): Promise<boolean> {
      const isNew = await db.transaction(async (tx) => {
        const [job] = await tx.select().from(trainingJobs).where(eq(trainingJobs.jobId, jobId)).for('update');
        if (!job || job.engineSeq >= engineSeq) return false;
        await appendIn(tx, jobId, type, fields, time);
        await tx.update(trainingJobs).set({ engineSeq }).where(eq(trainingJobs.jobId, jobId));
        return true;
      });
      if (isNew) heard.emit(String(jobId));
      return isNew;
    },
    async read(jobId: number, from: number): Promise<JobEvent[]> {
      const rows = await db
        .select()
        .from(jobEvents)
        .where(and(eq(jobEvents.jobId, jobId), gte(jobEvents.seq, from)))
        .orderBy(asc(jobEvents.seq));
      return rows.map(({ seq, time, type, data }) => ({ ...(data as Record<string, unknown>), seq, time, type }));
    },
    /** Calls back whenever the job's log has grown. @returns what ends that */
    listen(jobId: number, grown: () => void): () => void {
      heard.on(String(jobId), grown);
      return () => void heard.off(String(jobId), grown);
    },
  };
}
