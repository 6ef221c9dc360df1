import { toJson } from '@openledger/sdk';
import { asc, eq } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { childrenOf } from '../agents/children.ts';
import type { Context } from '../context.ts';
import { agentReleases, agentRuns, agentSteps, receipts } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import { openBundle } from '../receipts/bundle.ts';
import { requireSession } from '../sessions/findSession.ts';

/** `GET /v1/runs/<id>`: what an agent did for a payer, and what it cost. */
export function runs(app: FastifyInstance, context: Context): void {
  const { db, releases } = context;

  app.get<{ Params: { id: string } }>('/v1/runs/:id', async (request) => {
    const session = await requireSession(context, request.headers.authorization);
    const id = z.uuid().safeParse(request.params.id).data;
    const [row] = id ? await db.select().from(agentRuns).where(eq(agentRuns.id, id)) : [];
    if (!row || row.payer !== session.payer)
      throw new ServiceError(
        404,
        'run_not_found',
        `This key has had no run ${request.params.id}: send the key that paid for it.`,
      );
    const [agent] = await db.select().from(agentReleases).where(eq(agentReleases.releaseHash, row.releaseHash));
    const steps = await db.select().from(agentSteps).where(eq(agentSteps.runId, row.id)).orderBy(asc(agentSteps.step));
    const [own] = row.receiptHash ? await db.select().from(receipts).where(eq(receipts.hash, row.receiptHash)) : [];
    const children = (await childrenOf(context, row.id)).map((text) => JSON.parse(text));
    return {
      id: row.id,
      agent: `agent/${agent?.agentId}`,
      version: agent?.version,
      status: row.status,
      created: row.created,
      runHash: row.runHash,
      limit: String(row.limit),
      ...(row.error === null ? {} : { error: row.error }),
      steps: steps.map(({ runId: _, createdAt: __, cost, ...step }) => toJson({ ...step, cost })),
      ...(own ? { receipt: JSON.parse(await openBundle(releases, own, true)) } : {}),
      children,
    };
  });
}
