import { z } from 'zod';
import { bpsSchema } from '../schema/primitives.ts';
import type { BatchParameters } from './batch.ts';

/** What a fee version says of how fees are split, in bps. */
export const feePolicySchema = z.strictObject({
  protocolFeeBps: bpsSchema,
  burnBps: bpsSchema,
  contributorCapBps: bpsSchema,
  verbatimBps: bpsSchema,
  retrievalBps: bpsSchema,
  fidelityFloorBps: bpsSchema,
});

export type FeePolicyTerms = z.infer<typeof feePolicySchema>;

/** Those numbers of what the chain gives, without the time from which they hold. */
export function feePolicyOf(fee: FeePolicyTerms): FeePolicyTerms {
  const { protocolFeeBps, burnBps, contributorCapBps, verbatimBps, retrievalBps, fidelityFloorBps } = fee;
  return { protocolFeeBps, burnBps, contributorCapBps, verbatimBps, retrievalBps, fidelityFloorBps };
}

/** What a batch's parameters restate of the fee version; influence weighs what the other channels leave. */
export function restatedPolicy(
  policy: FeePolicyTerms,
): Pick<BatchParameters, 'channelWeights' | 'contributorCapBps' | 'burnBps' | 'fidelityFloorBps'> {
  const { burnBps, contributorCapBps, verbatimBps: verbatim, retrievalBps: retrieval, fidelityFloorBps } = policy;
  return {
    channelWeights: { influence: 10_000 - verbatim - retrieval, verbatim, retrieval },
    contributorCapBps,
    burnBps,
    fidelityFloorBps,
  };
}

/** Whether a batch's parameters restate the fee version truly. */
export function restates(parameters: BatchParameters, policy: FeePolicyTerms): boolean {
  const { channelWeights, contributorCapBps, burnBps, fidelityFloorBps } = restatedPolicy(policy);
  const { influence, verbatim, retrieval } = parameters.channelWeights;
  return (
    parameters.contributorCapBps === contributorCapBps &&
    parameters.burnBps === burnBps &&
    parameters.fidelityFloorBps === fidelityFloorBps &&
    influence === channelWeights.influence &&
    verbatim === channelWeights.verbatim &&
    retrieval === channelWeights.retrieval
  );
}
