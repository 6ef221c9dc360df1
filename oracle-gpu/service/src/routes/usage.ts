import { eq, sql } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { receipts } from '../db/schema.ts';
import { requireSession } from '../sessions/findSession.ts';

const tokensOf = (field: string) => sql<string>`sum((${receipts.bundle}->'receipt'->>${sql.raw(`'${field}'`)})::bigint)`;

/** `GET /v1/usage`: what a key has used of each model, by its receipts. */
export function usage(app: FastifyInstance, context: Context): void {
  app.get('/v1/usage', async (request) => {
    const { channel } = await requireSession(context, request.headers.authorization);
    const rows = await context.db
      .select({
        modelId: receipts.modelId,
        answers: sql<string>`count(*)`,
        promptTokens: tokensOf('promptTokens'),
        completionTokens: tokensOf('completionTokens'),
        fee: sql<string>`sum(${receipts.fee})`,
      })
      .from(receipts)
      .where(eq(receipts.channel, channel))
      .groupBy(receipts.modelId)
      .orderBy(receipts.modelId);
    return rows.map(({ modelId, answers, promptTokens, completionTokens, fee }) => ({
      model: `model/${modelId}`,
      answers: Number(answers),
      prompt_tokens: Number(promptTokens),
      completion_tokens: Number(completionTokens),
      fee,
    }));
  });
}
