import { type BatchParameters, compositionHash, feePolicyOf, parametersHash, restatedPolicy, toJson } from '@openledger/sdk';
import type { Address } from 'viem';
import type { MeasuredFidelity } from '../chain/fidelity.ts';
import type { Context } from '../context.ts';
import type { ServedModel } from './resolveModel.ts';

type Fee = Awaited<ReturnType<Context['facts']['fee']>>;
type Datanet = Pick<Awaited<ReturnType<Context['facts']['datanet']>>, 'pool' | 'records'>;
type Made = { fee: Fee; datanets: readonly Datanet[]; fidelity: MeasuredFidelity | undefined; parts: ReturnType<typeof make> };

/** By the terms that the chain was last asked for; gone when they are asked for again. */
const made = new WeakMap<ServedModel['terms'], Made>();

type Known = {
  facts: { fee: () => Promise<Fee>; datanet: (datanetId: number) => Promise<Datanet> };
  fidelities: Pick<Context['fidelities'], 'fidelityOf'>;
};

/**
 * What the receipts of a release have in common while what the chain says stays the same: made once, and then told by
 * the identity of what is remembered of the chain.
 */
export async function commonParts({ facts, fidelities }: Known, model: ServedModel) {
  const { datanets: uses, releaseHash } = model.release;
  const [fee, fidelity, datanets] = await Promise.all([
    facts.fee(),
    fidelities.fidelityOf(releaseHash),
    Promise.all(uses.map(({ datanetId }) => facts.datanet(datanetId))),
  ]);
  const known = made.get(model.terms);
  const isSame = known?.fee === fee && known.fidelity === fidelity;
  if (isSame && datanets.every((datanet, index) => known.datanets[index] === datanet)) return known.parts;
  const parts = make(model, fee, datanets, fidelity);
  made.set(model.terms, { fee, datanets, fidelity, parts });
  return parts;
}

/** @param datanets those of the release, in its order */
function make(
  { release, termsVersion, terms }: ServedModel,
  fee: Fee,
  datanets: readonly Datanet[],
  fidelity: MeasuredFidelity | undefined,
) {
  const poolSizes = release.datanets.map(({ datanetId }, index) => {
    const { pool, records } = datanets[index] as { pool: Address; records: number };
    return { datanetId, pool, size: records };
  });
  const policy = feePolicyOf(fee);
  const lowerBound = fidelity === undefined ? {} : { [release.releaseHash]: Math.max(0, fidelity.lowBps) };
  const parameters: BatchParameters = { reputation: {}, ...restatedPolicy(policy), poolSizes, fidelity: lowerBound };
  const composition = [{ releaseHash: release.releaseHash, termsVersion, weightBps: 10_000 }];
  return {
    feeVersion: fee.feeVersion,
    policy,
    poolSizes,
    parameters,
    parametersHash: parametersHash(parameters),
    composition,
    compositionHash: compositionHash(composition),
    terms: toJson(terms),
  };
}
