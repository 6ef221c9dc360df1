import type { DraftData } from './draftData.ts';

/** `steps`: how many updates the preset aims at. What is too seldom seen is not learned, however large the file. */
export type Preset = { steps: number; rank: number; learningRate: number; batchSize: number };

export const PRESETS: Record<Exclude<DraftData['preset'], 'own'>, Preset> = {
  quick: { steps: 60, rank: 8, learningRate: 0.003, batchSize: 4 },
  balanced: { steps: 150, rank: 8, learningRate: 0.003, batchSize: 4 },
  thorough: { steps: 300, rank: 16, learningRate: 0.002, batchSize: 4 },
};

/** Most passes that a preset takes: by then a small file is known by heart. */
const PRESET_EPOCHS = 12;

/** Passes over `records` records with which a preset comes closest to its steps. */
export function epochsFor({ steps, batchSize }: Preset, records: number): number {
  const perEpoch = Math.max(1, Math.ceil(records / batchSize));
  return Math.min(PRESET_EPOCHS, Math.max(1, Math.round(steps / perEpoch)));
}
