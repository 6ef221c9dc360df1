import { and, asc, eq, isNull } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import { agentRuns, agentSteps, answers } from '../db/schema.ts';
import { type DoneStep, outputSchema } from './steps.ts';

export type RunRow = typeof agentRuns.$inferSelect;
type NewRun = Omit<typeof agentRuns.$inferInsert, 'createdAt' | 'status' | 'error' | 'receiptHash'>;
export type RunError = { status: number; code: string; message: string; detail: Record<string, unknown> };

export type RunStore = ReturnType<typeof openRunStore>;

/** Runs and their steps. */
export function openRunStore(db: Context['db']) {
  return {
    /** The run of a caller's Idempotency-Key. */
    async ofKey(channel: string, idempotencyKey: string): Promise<RunRow | undefined> {
      const [row] = await db
        .select()
        .from(agentRuns)
        .where(and(eq(agentRuns.channel, channel), eq(agentRuns.idempotencyKey, idempotencyKey)));
      return row;
    },

    /** The run that a step of another one called. */
    async ofStep(parentRun: string, parentStep: number): Promise<RunRow | undefined> {
      const [row] = await db
        .select()
        .from(agentRuns)
        .where(and(eq(agentRuns.parentRun, parentRun), eq(agentRuns.parentStep, parentStep)));
      return row;
    },

    async begin(row: NewRun): Promise<RunRow> {
      const [made] = await db
        .insert(agentRuns)
        .values({ ...row, status: 'running' })
        .returning();
      if (!made) throw new Error('The database did not return the run that was begun.');
      return made;
    },

    async goOn(id: string): Promise<void> {
      await db.update(agentRuns).set({ status: 'running', error: null }).where(eq(agentRuns.id, id));
    },

    async finish(id: string, receiptHash: Hex): Promise<void> {
      await db.update(agentRuns).set({ status: 'done', error: null, receiptHash }).where(eq(agentRuns.id, id));
    },

    async fail(id: string, error: RunError): Promise<void> {
      await db.update(agentRuns).set({ status: 'failed', error }).where(eq(agentRuns.id, id));
    },

    async steps(runId: string): Promise<DoneStep[]> {
      const rows = await db.select().from(agentSteps).where(eq(agentSteps.runId, runId)).orderBy(asc(agentSteps.step));
      return rows.map((row) => ({
        kind: row.kind as DoneStep['kind'],
        name: row.name,
        input: row.input as DoneStep['input'],
        output: outputSchema.parse(row.output),
        error: row.error,
        receiptHash: row.receiptHash as Hex | null,
        sequence: row.sequence,
        cost: row.cost,
        ms: row.ms,
      }));
    },

    async addStep(runId: string, step: number, done: DoneStep): Promise<void> {
      await db.insert(agentSteps).values({ runId, step, ...done });
    },

    /**
     * Says of the runs that the end of the service broke off what they are: those that were charged are done, the others
     * go on when their caller asks again with the same Idempotency-Key, and cost nothing more until then.
     */
    async closeBroken(): Promise<number> {
      const broken = await db.select().from(agentRuns).where(eq(agentRuns.status, 'running'));
      for (const { id, channel, idempotencyKey } of broken) {
        const [charged] =
          idempotencyKey === null
            ? []
            : await db
                .select({ receiptHash: answers.receiptHash })
                .from(answers)
                .where(and(eq(answers.channel, channel), eq(answers.idempotencyKey, idempotencyKey)));
        const now = charged ? { status: 'done', receiptHash: charged.receiptHash } : { status: 'interrupted' };
        await db
          .update(agentRuns)
          .set(now)
          .where(and(eq(agentRuns.id, id), isNull(agentRuns.receiptHash)));
      }
      return broken.length;
    },
  };
}
