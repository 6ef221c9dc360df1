import { parseOpen } from '#lib/format/amount.ts';
import type { App } from '#lib/shell/app.svelte.ts';
import { type DraftData, INITIAL, readDraft } from './draftData.ts';

/** Where this browser keeps what is chosen in the studio, apart for every deployment. */
export const studioSlot = (app: App): string =>
  `openledger.studio.${app.config.chainId}.${app.address('TrainingJobs')}`.toLowerCase();

export class Draft {
  data = $state<DraftData>({ ...INITIAL });
  #slot: string;

  constructor(slot: string) {
    this.#slot = slot;
    this.data = readDraft(localStorage.getItem(slot));
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
