import { toJson } from '@openledger/sdk';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type Agents, agentIdOf } from '../agents/load.ts';
import { cached } from '../cached.ts';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Unattributed } from '../gateway/attribute.ts';
import { catJson } from '../ipfs/client.ts';
import type { LoadedRelease } from '../releases.ts';
import { nextCursor } from './page.ts';

const manifestSchema = z.looseObject({ fidelity: z.looseObject({ status: z.string() }) });
const cardSchema = z.looseObject({ name: z.string() });
const modelName = /^model\/(\d{1,10})$/;
/** Models come before agents in lists, each by number. */
const listedName = /^(model|agent)\/(\d{1,10})$/;

/** `?limit=&after=model/<id>`, or `agent/<id>`, as OpenAI's lists are paged. */
const modelsPageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
  after: z.string().regex(listedName, 'must be the id of a model or an agent, like model/7').optional(),
});

/** `GET /v1/models` and `/v1/models/model/<id>`: the models that answer here, in OpenAI's shape with what they cost. */
export function models(app: FastifyInstance, context: Context, agents: Agents): void {
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

  /** A model as it is listed; undefined while it is not, or where its latest release is served elsewhere. */
  async function describe(modelId: number, known: Awaited<ReturnType<typeof releases.list>>) {
    const model = await facts.model(modelId);
    if (!model.listed || model.releases === 0) return undefined;
    const release = await releases.load(await facts.releaseAt(modelId, model.releases - 1));
    if (!release) return undefined;
    const terms = await facts.terms(modelId, model.termsVersion);
    const measured = await fidelities.fidelityOf(release.releaseHash);
    const created = known.find(({ releaseHash }) => releaseHash === release.releaseHash)?.createdAt ?? new Date(0);
    return {
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
    };
  }

  /** An agent as it is listed; undefined where it cannot run. */
  async function describeAgent(agentId: number) {
    const agent = await agents.loadIfActive(agentId);
    if (!agent) return undefined;
    const { manifest, manifestHash, version, model } = agent;
    const { name, goal, limits, plan } = manifest;
    return {
      id: model.name,
      object: 'model',
      created: 0,
      owned_by: model.developer,
      openledger: {
        agentId,
        modelId: model.release.modelId,
        name,
        goal,
        developer: model.developer,
        version,
        manifestHash,
        manifestCid: model.release.manifestCid,
        releaseHash: model.release.releaseHash,
        termsVersion: model.termsVersion,
        prices: toJson({ agentStep: model.terms.agentStepPrice }),
        plan: plan.kind,
        limits: toJson(limits),
        models: manifest.models.map((one) => one.model),
        datanets: manifest.datanets,
        agents: manifest.agents.map((one) => one.agent),
      },
    };
  }

  const describeAny = (id: string, known: Awaited<ReturnType<typeof releases.list>>) => {
    const [, kind, number] = listedName.exec(id) ?? [];
    return kind === 'agent' ? describeAgent(Number(number)) : describe(Number(number), known);
  };

  const idsOf = (known: readonly { modelId: number }[]): number[] =>
    [...new Set(known.map(({ modelId }) => modelId))].sort((a, b) => a - b);

  app.get('/v1/models', async (request, reply) => {
    const { limit, after } = modelsPageSchema.parse(request.query);
    const known = await releases.list();
    const all = [...idsOf(known).map((id) => `model/${id}`), ...(await agents.list()).map((id) => `agent/${id}`)];
    const ids = all.filter((id) => after === undefined || isAfter(id, after));
    const data = [];
    let seen = 0;
    for (const id of ids) {
      if (data.length === limit) break;
      seen += 1;
      const model = await describeAny(id, known);
      if (model) data.push(model);
    }
    const last = data.at(-1)?.id ?? null;
    const hasMore = seen < ids.length;
    if (hasMore && last) void reply.header(nextCursor, last);
    return { object: 'list', data, has_more: hasMore, first_id: data[0]?.id ?? null, last_id: last };
  });

  app.get<{ Params: { '*': string } }>('/v1/models/*', async (request) => {
    const agentId = agentIdOf(request.params['*']);
    if (agentId !== undefined) {
      await agents.load(agentId); // says what is wrong with one that cannot run
      return describeAgent(agentId);
    }
    const modelId = Number(modelName.exec(request.params['*'])?.[1] ?? 0);
    const known = await releases.list();
    const model = idsOf(known).includes(modelId) ? await describe(modelId, known) : undefined;
    if (!model)
      throw new ServiceError(
        404,
        'model_not_found',
        `There is no model ${JSON.stringify(request.params['*'])} here: choose one of GET /v1/models.`,
      );
    return model;
  });
}

/** Whether `id` comes after the other in the list. */
function isAfter(id: string, other: string): boolean {
  const [kind, number] = id.split('/') as [string, string];
  const [otherKind, otherNumber] = other.split('/') as [string, string];
  return kind === otherKind ? Number(number) > Number(otherNumber) : kind === 'agent';
}
