import type { SettingChange } from '@openledger/sdk';
import { formatBytes } from '#lib/format/amount.ts';
import { m } from '#lib/paraglide/messages.js';
import type { DraftData } from './draftData.ts';
import { kindName } from './kinds.ts';

/** Takes a change that the engine advises into a draft. */
export function applyChange(data: DraftData, { set }: SettingChange): void {
  const { alpha, rank } = data;
  Object.assign(data, set, { preset: 'own' });
  // An adapter that is made smaller keeps its strength: alpha stays in proportion to the rank.
  if (set.rank !== undefined && alpha > 0) data.alpha = Math.max(1, Math.round((alpha * set.rank) / rank));
}

/** A change in words: `Batches of 2, two to a step (saves 310 MiB)`. */
export function changeWords({ set, savesBytes }: SettingChange): string {
  const { batchSize, accumulate, maxLength, rank, kind, learningRate } = set;
  const parts = [
    batchSize === undefined ? '' : m.change_batch({ size: String(batchSize), times: String(accumulate ?? 1) }),
    maxLength === undefined ? '' : m.change_length({ tokens: String(maxLength) }),
    rank === undefined ? '' : m.change_rank({ rank: String(rank) }),
    kind === undefined ? '' : m.change_kind({ kind: kindName(kind) }),
    learningRate === undefined ? '' : m.change_rate({ rate: String(Number(learningRate.toPrecision(3))) }),
  ];
  const words = parts.filter(Boolean).join(', ');
  return savesBytes === undefined ? words : m.change_saves({ change: words, size: formatBytes(savesBytes) });
}
