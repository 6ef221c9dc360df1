import { ceil10k } from '@openledger/sdk';
import type { Context } from '../context.ts';
import { type GatheredRecord, gather } from '../datanets/gather.ts';
import type { RecordFiles } from '../datanets/records.ts';
import type { TrainingPlan } from '../engine/client.ts';
import { ServiceError } from '../errors.ts';
import { type HeldItems, readItems } from '../evaluation/items.ts';
import { keepOut } from '../evaluation/keepOut.ts';
import type { Spec } from './spec.ts';

/** `freshen` reads the chain up to its head: what a caller has just done there may not have been read yet. */
export type Trainer = Context & { files: RecordFiles; freshen: () => Promise<void> };

/** What a job costs: its trained tokens at this operator's price, in wei, a multiple of 10,000. */
export function priceOfTraining(trainTokens: number, pricePerToken: bigint): bigint {
  return ceil10k(BigInt(Math.ceil(trainTokens)) * pricePerToken);
}

/** A datanet without a weight beside others that have one counts once. */
export function planOf({ baseModel, method, training, datanets }: Spec, records: readonly GatheredRecord[]): TrainingPlan {
  const isMixed = datanets.some(({ weight }) => weight !== undefined);
  const mix = datanets.map(({ datanetId, weight = 1 }) => ({ datanet: datanetId, weight }));
  return {
    base: baseModel,
    method,
    training: isMixed ? { ...training, mix } : training,
    records: records.map(({ recordId, cluster, messages, datanetId }) => ({
      recordId,
      cluster,
      messages,
      ...(isMixed ? { datanet: datanetId } : {}),
    })),
  };
}

/** Checkpoints that the engine commits: in the middle, at the end, and those that the training asks for. */
export function checkpointsOf({ training }: Spec, steps: number): number {
  const { epochs, checkpointEvery = 0, patience = 0 } = training;
  const taken = new Set([Math.max(1, roundHalfEven(0.375 * steps)), steps]);
  for (let step = checkpointEvery; checkpointEvery > 0 && step <= steps; step += checkpointEvery) taken.add(step);
  if (patience > 0) for (let epoch = 1; epoch <= epochs; epoch++) taken.add((steps / epochs) * epoch);
  return taken.size;
}

/** As Python rounds, which the engine is written in. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
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

/** Tokens of the answers that base and model are measured by, which are paid like those of the training. */
const answeredTokens = ({ items: { items, maxTokens } }: HeldItems): number => 2 * items.length * maxTokens;

/** What of these records is trained on: all, or without what resembles the items that the job commits to. */
export async function recordsOf(
  context: Pick<Context, 'db'>,
  { evaluation }: Pick<Spec, 'evaluation'>,
  gathered: readonly GatheredRecord[],
): Promise<{ records: readonly GatheredRecord[]; held: HeldItems | undefined }> {
  requireRecords(gathered);
  if (!evaluation) return { records: gathered, held: undefined };
  const held = await readItems(context, evaluation);
  return { records: keepOut(gathered, held), held };
}

/** Time, size, price and a rendered sample of a training job. */
export async function estimateTraining(context: Trainer, spec: Spec) {
  const { base } = await context.engine.health();
  if (base?.id !== spec.baseModel) {
    throw new ServiceError(404, 'base_not_found', `This operator does not train ${spec.baseModel}: choose one of GET /v1/bases.`);
  }
  const gathered = await gather(context, spec.datanets);
  const { records, held } = await recordsOf(context, spec, gathered.records);
  const found = await context.engine.estimate(planOf(spec, records));
  const { steps, trainTokens, memoryBytes, freeBytes, advice, changes, longest, cut, heldOut, sample, samples } = found;
  const answered = held ? answeredTokens(held) : 0;
  return {
    // Answers are made several at once: a token of one takes about as long as one of the training.
    seconds: found.seconds * (1 + answered / Math.max(1, trainTokens)),
    steps,
    trainTokens,
    records: records.length,
    memoryBytes,
    freeBytes,
    advice,
    changes,
    longest,
    cut,
    heldOut,
    price: priceOfTraining(trainTokens + answered, context.config.training.pricePerToken),
    sample,
    samples,
    datanets: gathered.datanets,
  };
}
