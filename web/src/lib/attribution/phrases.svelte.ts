import type { AttributionResult, ReceiptBundle } from '@openledger/sdk';
import type { App } from '#lib/shell/app.svelte.ts';

type Measured = { segments: NonNullable<AttributionResult['segments']>; records: AttributionResult['records'] };

/** What is known of the phrases of answers, measured when somebody asks, and kept while the page is open. */
export class Phrases {
  #app: App;
  #measured = $state.raw<Record<string, Measured>>({});
  /** Hash of the receipt whose answer is being measured. */
  busy = $state<string>();
  error = $state.raw<{ receiptHash: string; reason: unknown }>();

  constructor(app: App) {
    this.#app = app;
  }

  of(receiptHash: string | undefined): Measured | undefined {
    return receiptHash === undefined ? undefined : this.#measured[receiptHash];
  }

  /** Asks the operator which phrases each record shaped; once, and one answer at a time. */
  async measure({ receiptHash }: ReceiptBundle, apiKey: string): Promise<void> {
    if (this.busy !== undefined || this.#measured[receiptHash]) return;
    this.busy = receiptHash;
    this.error = undefined;
    try {
      const { segments = [], records } = await this.#app.gateway.attribution({ receiptHash, segments: true }, apiKey);
      this.#measured = { ...this.#measured, [receiptHash]: { segments, records } };
    } catch (reason) {
      this.error = { receiptHash, reason };
    } finally {
      this.busy = undefined;
    }
  }
}
