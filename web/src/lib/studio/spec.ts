import type { JobSpec } from '@openledger/sdk';
import type { Hex } from 'viem';
import { type DraftData, INITIAL } from './draftData.ts';

type Version = { datanetId: number; version: number };

export const weightOf = ({ weights }: Pick<DraftData, 'weights'>, datanetId: number): number => weights[String(datanetId)] ?? 1;

export const alphaOf = ({ alpha, rank }: Pick<DraftData, 'alpha' | 'rank'>): number => (alpha === 0 ? rank * 2 : alpha);

/**
 * The specification of a job as the engine takes it. Datanets in rising order, as they are hashed. What is as it is by
 * default is left out, so that the same choice is always the same document.
 */
export function specOf(data: DraftData, versions: readonly Version[]): JobSpec {
  const sorted = [...versions].sort((a, b) => a.datanetId - b.datanetId);
  const isMixed = new Set(sorted.map(({ datanetId }) => weightOf(data, datanetId))).size > 1;
  return {
    baseModel: data.base as Hex,
    method: {
      kind: data.kind,
      rank: data.rank,
      alpha: alphaOf(data),
      dropout: data.dropout,
      targetModules: data.targets,
    },
    training: {
      epochs: data.epochs,
      learningRate: data.learningRate,
      batchSize: data.batchSize,
      maxLength: data.maxLength,
      seed: data.seed,
      heldOutEvery: data.heldOutEvery,
      heldOutBy: 'cluster',
      packing: data.packing,
      ...(data.accumulate > 1 ? { accumulate: data.accumulate } : {}),
      ...(data.schedule === INITIAL.schedule ? {} : { schedule: data.schedule }),
      ...(data.warmup === INITIAL.warmup ? {} : { warmup: data.warmup / 100 }),
      ...(data.patience > 0 ? { patience: data.patience } : {}),
      ...(data.checkpointEvery > 0 ? { checkpointEvery: data.checkpointEvery } : {}),
    },
    datanets: sorted.map(({ datanetId, version }) => ({
      datanetId,
      version,
      ...(isMixed ? { weight: weightOf(data, datanetId) } : {}),
    })),
  };
}

/** What of a draft a specification says: the studio opens with the settings of an earlier job. */
export function draftFrom({ baseModel, method, training, datanets }: JobSpec): Partial<DraftData> {
  const { warmup, heldOutBy: _heldOutBy, beta: _beta, ...same } = training;
  const weighted = datanets.filter(({ weight }) => weight !== undefined);
  return {
    ...{ accumulate: 1, schedule: INITIAL.schedule, packing: false, patience: 0, checkpointEvery: 0 },
    ...same,
    warmup: warmup === undefined ? INITIAL.warmup : Math.round(warmup * 1000) / 10,
    base: baseModel,
    datanets: datanets.map(({ datanetId }) => datanetId),
    weights: Object.fromEntries(weighted.map(({ datanetId, weight = 1 }) => [String(datanetId), weight])),
    preset: 'own',
    kind: method.kind,
    rank: method.rank,
    alpha: method.alpha === 2 * method.rank ? 0 : method.alpha,
    dropout: method.dropout,
    targets: method.targetModules,
  };
}
