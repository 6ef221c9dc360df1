import { type BatchParameters, compositionHash, feePolicyOf, parametersHash, restatedPolicy, toJson } from '@openledger/sdk';
import type { Address } from 'viem';
import type { Context } from '../context.ts';
import type { ServedModel } from './resolveModel.ts';

type Fee = Awaited<ReturnType<Context['facts']['fee']>>;
type Datanet = Awaited<ReturnType<Context['facts']['datanet']>>;
type Made = { fee: Fee; datanets: readonly Datanet[]; parts: ReturnType<typeof make> };

/** By the terms that the chain was last asked for; gone when they are asked for again. */
const made = new WeakMap<ServedModel['terms'], Made>();

/**
 * What the receipts of a release have in common while what the chain says stays the same: made once, and then told by
 * the identity of what the facts remember.
 * @param datanets those of the release, in its order
 */
export function commonParts(model: ServedModel, fee: Fee, datanets: readonly Datanet[]): Made['parts'] {
  const known = made.get(model.terms);
  if (known?.fee === fee && datanets.every((datanet, index) => known.datanets[index] === datanet)) return known.parts;
  const parts = make(model, fee, datanets);
  made.set(model.terms, { fee, datanets, parts });
  return parts;
}

function make({ release, termsVersion, terms }: ServedModel, fee: Fee, datanets: readonly Datanet[]) {
  const poolSizes = release.datanets.map(({ datanetId }, index) => {
    const { pool, records } = datanets[index] as { pool: Address; records: number };
    return { datanetId, pool, size: records };
  });
  const policy = feePolicyOf(fee);
  // No release has a measured fidelity yet: influence pays at the floor.
  const parameters: BatchParameters = { reputation: {}, ...restatedPolicy(policy), poolSizes, fidelity: {} };
  const composition = [{ releaseHash: release.releaseHash, termsVersion, weightBps: 10_000 }];
  return {
    policy,
    poolSizes,
    parameters,
    parametersHash: parametersHash(parameters),
    composition,
    compositionHash: compositionHash(composition),
    terms: toJson(terms),
  };
}
