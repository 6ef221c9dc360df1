import type { JobSpec } from '@openledger/sdk';
import type { Hex } from 'viem';
import { z } from 'zod';
import { parseOpen } from '#lib/format/amount.ts';

/** Everything chosen in the studio, kept in this browser until a job is opened. */
const schema = z.object({
  base: z.string(),
  datanets: z.array(z.number()),
  epochs: z.number(),
  learningRate: z.number(),
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
  epochs: 3,
  learningRate: 0.001,
  rank: 8,
  batchSize: 8,
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

export type Preset = { id: 'quick' | 'balanced' | 'thorough'; epochs: number; rank: number; learningRate: number };

export const PRESETS: Preset[] = [
  { id: 'quick', epochs: 1, rank: 8, learningRate: 0.001 },
  { id: 'balanced', epochs: 3, rank: 8, learningRate: 0.001 },
  { id: 'thorough', epochs: 5, rank: 16, learningRate: 0.0005 },
];

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
    method: { kind: 'lora', rank: data.rank, alpha: data.rank * 2, dropout: 0, targetModules: 'all-linear' },
    training: {
      epochs: data.epochs,
      learningRate: data.learningRate,
      batchSize: data.batchSize,
      maxLength: data.maxLength,
      seed: data.seed,
      heldOutEvery: data.heldOutEvery,
    },
    datanets: [...versions].sort((a, b) => a.datanetId - b.datanetId),
  };
}
