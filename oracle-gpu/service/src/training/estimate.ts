import { ceil10k } from '@openledger/sdk';
import type { Context } from '../context.ts';
import { type GatheredRecord, gather } from '../datanets/gather.ts';
import type { RecordFiles } from '../datanets/records.ts';
import type { TrainingPlan } from '../engine/client.ts';
import { ServiceError } from '../errors.ts';
import type { Spec } from './spec.ts';

/** `freshen` reads the chain up to its head: what a caller has just done there may not have been read yet. */
export type Trainer = Context & { files: RecordFiles; freshen: () => Promise<void> };

/** What a job costs: its trained tokens at this operator's price, in wei, a multiple of 10,000. */
export function priceOfTraining(trainTokens: number, pricePerToken: bigint): bigint {
  return ceil10k(BigInt(Math.ceil(trainTokens)) * pricePerToken);
}

export function planOf(spec: Spec, records: readonly GatheredRecord[]): TrainingPlan {
  return {
    base: spec.baseModel,
    method: spec.method,
    training: spec.training,
    records: records.map(({ recordId, cluster, messages }) => ({ recordId, cluster, messages })),
  };
}

/** Throws 400 where nothing is left to train on. */
export function requireRecords(records: readonly GatheredRecord[]): void {
  if (records.length > 0) return;
  throw new ServiceError(
    400,
    'no_records',
    'These datanet versions hold no records that may be trained on, since their contributors withdrew all of them: choose others.',
  );
}

/** Time, size, price and a rendered sample of a training job. */
export async function estimateTraining(context: Trainer, spec: Spec) {
  const { base } = await context.engine.health();
  if (base?.id !== spec.baseModel) {
    throw new ServiceError(404, 'base_not_found', `This operator does not train ${spec.baseModel}: choose one of GET /v1/bases.`);
  }
  const { datanets, records } = await gather(context, spec.datanets);
  requireRecords(records);
  const { seconds, steps, trainTokens, memoryBytes, sample } = await context.engine.estimate(planOf(spec, records));
  return {
    seconds,
    steps,
    trainTokens,
    records: records.length,
    memoryBytes,
    price: priceOfTraining(trainTokens, context.config.training.pricePerToken),
    sample,
    datanets,
  };
}
