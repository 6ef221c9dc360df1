import type { JobSpec } from '@openledger/sdk';
import type { Hex } from 'viem';
import { z } from 'zod';
import { parseOpen } from '#lib/format/amount.ts';
import { KINDS } from './kinds.ts';

/** Everything chosen in the studio, kept in this browser until a job is opened. */
const schema = z.object({
  base: z.string(),
  datanets: z.array(z.number()),
  preset: z.enum(['quick', 'balanced', 'thorough', 'own']),
  epochs: z.number(),
  learningRate: z.number(),
  kind: z.enum(KINDS),
  rank: z.number(),
  batchSize: z.number(),
  maxLength: z.number(),
  heldOutEvery: z.number(),
  seed: z.number(),
  modelId: z.number(),
  name: z.string(),
  description: z.string(),
  contributors: z.number(),
  operator: z.number(),
  promptPrice: z.string(),
  completionPrice: z.string(),
});

export type DraftData = z.infer<typeof schema>;

const INITIAL: DraftData = {
  base: '',
  datanets: [],
  preset: 'balanced',
  epochs: 3,
  learningRate: 0.003,
  kind: 'lora',
  rank: 8,
  batchSize: 4,
  maxLength: 256,
  heldOutEvery: 10,
  seed: 1,
  modelId: 0,
  name: '',
  description: '',
  contributors: 50,
  operator: 30,
  promptPrice: '0.005',
  completionPrice: '0.02',
};

/** `steps`: how many updates the preset aims at. What is too seldom seen is not learned, however large the file. */
export type Preset = { steps: number; rank: number; learningRate: number; batchSize: number };

export const PRESETS: Record<Exclude<DraftData['preset'], 'own'>, Preset> = {
  quick: { steps: 60, rank: 8, learningRate: 0.003, batchSize: 4 },
  balanced: { steps: 150, rank: 8, learningRate: 0.003, batchSize: 4 },
  thorough: { steps: 300, rank: 16, learningRate: 0.002, batchSize: 4 },
};

/** Most passes over the data that the engine takes. */
export const MAX_EPOCHS = 20;

/** Most passes that a preset takes: by then a small file is known by heart. */
const PRESET_EPOCHS = 12;

/** Passes over `records` records with which a preset comes closest to its steps. */
export function epochsFor({ steps, batchSize }: Preset, records: number): number {
  const perEpoch = Math.max(1, Math.ceil(records / batchSize));
  return Math.min(PRESET_EPOCHS, Math.max(1, Math.round(steps / perEpoch)));
}

export class Draft {
  data = $state<DraftData>({ ...INITIAL });
  #slot: string;

  constructor(slot: string) {
    this.#slot = slot;
    const saved = schema.partial().safeParse(JSON.parse(localStorage.getItem(slot) ?? '{}'));
    if (saved.success) this.data = { ...INITIAL, ...saved.data };
  }

  save(): void {
    localStorage.setItem(this.#slot, JSON.stringify(this.data));
  }

  clear(): void {
    localStorage.removeItem(this.#slot);
    this.data = { ...INITIAL };
  }

  /** What the developer keeps of the net fee, in percent. */
  get developer(): number {
    return 100 - this.data.contributors - this.data.operator;
  }
}

/** Price per token in wei from a price per 1,000 tokens as typed. `undefined` if it is no price. */
export function pricePerToken(text: string): bigint | undefined {
  const amount = parseOpen(text);
  return amount === undefined ? undefined : amount / 1000n;
}

/** The specification of a job as the engine takes it. Datanets in rising order, as they are hashed. */
export function specOf(data: DraftData, versions: readonly { datanetId: number; version: number }[]): JobSpec {
  return {
    baseModel: data.base as Hex,
    method: { kind: data.kind, rank: data.rank, alpha: data.rank * 2, dropout: 0, targetModules: 'all-linear' },
    training: {
      epochs: data.epochs,
      learningRate: data.learningRate,
      batchSize: data.batchSize,
      maxLength: data.maxLength,
      seed: data.seed,
      heldOutEvery: data.heldOutEvery,
      heldOutBy: 'cluster',
      packing: true,
    },
    datanets: [...versions].sort((a, b) => a.datanetId - b.datanetId),
  };
}
