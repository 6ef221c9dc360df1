import type { Routing, Terms } from '@openledger/sdk';
import type { Address } from 'viem';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { LoadedRelease } from '../releases.ts';

/** A release that can answer, under the terms that bind a call made now. */
export type ServedModel = {
  release: LoadedRelease;
  termsVersion: number;
  terms: Terms;
  developer: Address;
  name: string;
  /** Why it was chosen, where the call left that open. */
  routing?: Routing;
};

type Known = Pick<Context, 'facts' | 'releases'>;

const byModel = /^model\/(\d{1,10})$/;
const byRelease = /^0x[0-9a-f]{64}$/;

/** Finds what `model` names: `model/<id>` (its latest release) or a release hash. 404 `model_not_found` otherwise. */
export async function resolveModel(context: Known, name: string): Promise<ServedModel> {
  const { facts, releases } = context;
  const id = byModel.exec(name)?.[1];
  const unknown = () =>
    new ServiceError(404, 'model_not_found', `There is no model ${JSON.stringify(name)} here: choose one of GET /v1/models.`);
  if (!id && !byRelease.test(name)) throw unknown();
  const hash = id ? await latestRelease(context, Number(id)) : name;
  const release = hash ? await releases.load(hash) : undefined;
  if (!release) throw unknown();
  const { termsVersion, developer } = await facts.model(release.modelId);
  return { release, termsVersion, terms: await facts.terms(release.modelId, termsVersion), developer, name };
}

async function latestRelease({ facts }: Known, modelId: number): Promise<string | undefined> {
  if (modelId < 1 || modelId > 0xffffffff) return undefined;
  const model = await facts.model(modelId).catch((error: unknown) => {
    if (error instanceof Error && /revert/i.test(error.message)) return undefined; // no such model
    throw error;
  });
  if (!model || model.releases === 0) return undefined;
  return facts.releaseAt(modelId, model.releases - 1);
}
