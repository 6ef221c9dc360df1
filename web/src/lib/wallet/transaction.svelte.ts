import type { Hex } from 'viem';

/** Where a chain write stands. `confirmed` is on the chain, `indexed` is also in what the pages read. */
export const PHASES = ['wallet', 'confirming', 'confirmed', 'indexed'] as const;
export type Phase = (typeof PHASES)[number];

/** One chain write as the person sees it. */
export class Transaction {
  readonly title: string;
  phase = $state<Phase>('wallet');
  hash = $state<Hex>();
  error = $state.raw<unknown>();
  /** On the chain, but the index did not follow in time. */
  late = $state(false);

  constructor(title: string) {
    this.title = title;
  }

  get done(): boolean {
    return this.phase === 'indexed' || this.late;
  }
}
