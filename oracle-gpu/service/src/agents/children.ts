import { asc, eq, inArray } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { agentRuns, agentSteps, receipts } from '../db/schema.ts';
import { openBundle } from '../receipts/bundle.ts';

/** All receipts beneath a run, in the order of its steps; those of agents that it called come after them. */
export async function receiptsBeneath({ db }: Pick<Context, 'db'>, runId: string): Promise<(typeof receipts.$inferSelect)[]> {
  const found: (typeof receipts.$inferSelect)[] = [];
  for (let runs = [runId]; runs.length > 0; ) {
    const rows = await db
      .select({ receipt: receipts })
      .from(agentSteps)
      .innerJoin(receipts, eq(receipts.hash, agentSteps.receiptHash))
      .where(inArray(agentSteps.runId, runs))
      .orderBy(asc(agentSteps.runId), asc(agentSteps.step));
    found.push(...rows.map(({ receipt }) => receipt));
    const inner = await db.select({ id: agentRuns.id }).from(agentRuns).where(inArray(agentRuns.parentRun, runs));
    runs = inner.map(({ id }) => id);
  }
  return found;
}

/** The same as bundles for the payer, JSON texts. */
export async function childrenOf(context: Pick<Context, 'db' | 'releases'>, runId: string): Promise<string[]> {
  const rows = await receiptsBeneath(context, runId);
  return Promise.all(rows.map((row) => openBundle(context.releases, row, true)));
}
