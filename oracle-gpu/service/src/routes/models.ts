import { toJson } from '@openledger/sdk';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cached } from '../cached.ts';
import type { Context } from '../context.ts';
import type { Unattributed } from '../gateway/attribute.ts';
import { catJson } from '../ipfs/client.ts';
import type { LoadedRelease } from '../releases.ts';

const manifestSchema = z.looseObject({ fidelity: z.looseObject({ status: z.string() }) });
const cardSchema = z.looseObject({ name: z.string() });

/** `GET /v1/models`: the models that answer here, in OpenAI's shape with what they cost. */
export function models(app: FastifyInstance, context: Context): void {
  const { facts, fidelities, releases, chain, ipfs, config, engine } = context;
  const names = cached(60_000, async (modelId) => {
    const [event] = await chain.client.getContractEvents({
      ...chain.contracts.models,
      eventName: 'ModelCreated',
      args: { modelId: Number(modelId) },
      fromBlock: BigInt(config.deployment.startBlock),
      strict: true,
    });
    return cardSchema.parse({ name: event?.args.name ?? `model ${modelId}` }).name;
  });
  /** What the engine holds now; an index may be lost, or come back. */
  const indexed = cached(
    10_000,
    async () => new Set((await engine.adapters()).filter((one) => one.hasIndex).map(({ id }) => id)),
  );
  const attributionOf = async ({
    adapter,
    release,
  }: LoadedRelease): Promise<'ready' | 'unknown' | Exclude<Unattributed, 'empty_answer'>> => {
    if (release.indexRows === 0) return 'release_without_index';
    const held = await indexed.get('').catch(() => undefined); // an engine that is away loses no models
    if (!held) return 'unknown';
    return held.has(adapter) ? 'ready' : 'index_missing';
  };
  const stated = cached(3_600_000, async (cid) => manifestSchema.parse(await catJson(ipfs, cid)).fidelity);

  app.get('/v1/models', async () => {
    const known = await releases.list();
    const data = [];
    for (const modelId of [...new Set(known.map((row) => row.modelId))].sort((a, b) => a - b)) {
      const model = await facts.model(modelId);
      if (!model.listed || model.releases === 0) continue;
      const release = await releases.load(await facts.releaseAt(modelId, model.releases - 1));
      if (!release) continue; // its latest release is served elsewhere
      const terms = await facts.terms(modelId, model.termsVersion);
      const measured = await fidelities.fidelityOf(release.releaseHash);
      const created = known.find(({ releaseHash }) => releaseHash === release.releaseHash)?.createdAt ?? new Date(0);
      data.push({
        id: `model/${modelId}`,
        object: 'model',
        created: Math.floor(created.getTime() / 1000),
        owned_by: model.developer,
        openledger: {
          modelId,
          name: await names.get(String(modelId)),
          developer: model.developer,
          releaseHash: release.releaseHash,
          termsVersion: model.termsVersion,
          prices: toJson({
            prompt: terms.promptPrice,
            completion: terms.completionPrice,
            retrieval: terms.retrievalPrice,
            agentStep: terms.agentStepPrice,
          }),
          fidelity: measured ? { status: 'measured', ...measured } : await stated.get(release.manifestCid),
          attribution: await attributionOf(release),
        },
      });
    }
    return { object: 'list', data };
  });
}
