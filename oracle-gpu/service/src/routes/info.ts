import { recordLimits, toJson } from '@openledger/sdk';
import { sql } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { describeBase } from './describeBase.ts';

const answers = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

/** Who this operator is, what it serves, whether it is well. */
export function info(app: FastifyInstance, context: Context): void {
  const { db, chain, facts, ipfs, engine, config, metrics } = context;

  app.get('/health', async (_request, reply) => {
    const [database, node, files, engineUp] = await Promise.all([
      answers(db.execute(sql`SELECT 1`)),
      answers(chain.client.getBlockNumber()),
      ipfs.isAlive(),
      engine.health().then(
        ({ status }) => status,
        () => 'down',
      ),
    ]);
    // Without its database the service is nothing; for whatever else is away it waits, and goes on by itself.
    const status = !database ? 'down' : node && files && engineUp === 'ok' ? 'ok' : 'degraded';
    return reply.code(database ? 200 : 503).send({ status, database, chain: node, ipfs: files, engine: engineUp });
  });

  app.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));

  let contextLength = 0; // until the engine has answered once

  app.get('/v1/info', async () => {
    const [fee, operator, window, health] = await Promise.all([
      facts.fee(),
      facts.operator(),
      facts.window(),
      engine.health().catch(() => null),
    ]);
    contextLength = health?.base?.contextLength ?? contextLength;
    return {
      operator: chain.operator,
      signer: operator.signer.toLowerCase(),
      active: operator.active,
      chainId: chain.chainId,
      contracts: config.deployment.contracts,
      feeVersion: fee.feeVersion,
      protocolFeeBps: fee.protocolFeeBps,
      engine: health ?? { status: 'down' },
      limits: { ...recordLimits, maxTokens: config.limits.maxTokens, contextLength, callsPerKey: config.limits.callsPerKey },
      batch: { maxAge: config.batch.maxAge, maxReceipts: config.batch.maxReceipts, window },
    };
  });

  app.get('/v1/bases', async () => {
    const { base } = await engine.health();
    return base ? [toJson(await describeBase(context, base))] : [];
  });
}
