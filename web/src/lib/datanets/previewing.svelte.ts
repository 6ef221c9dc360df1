import { createGateway, type FilePreview, previewLimits, type TrainingRecord } from '@openledger/sdk';

/** One file being looked at by an operator, and what it found. */
export class Previewing {
  /** From 0 to 1 while it runs. */
  done = $state<number>();
  result = $state.raw<FilePreview>();
  error = $state.raw<unknown>();
  #stopped: AbortController | undefined;

  async run(operatorUrl: string, datanetId: number, records: readonly TrainingRecord[]): Promise<void> {
    this.stop();
    const stopped = new AbortController();
    this.#stopped = stopped;
    this.done = 0;
    this.result = this.error = undefined;
    const lines = records.slice(0, previewLimits.records).map((record) => JSON.stringify(record));
    try {
      const found = await createGateway(operatorUrl).previewFile(datanetId, lines.join('\n'), {
        signal: stopped.signal,
        onProgress: (done) => {
          if (this.#stopped === stopped) this.done = done;
        },
      });
      if (this.#stopped === stopped) this.result = found;
    } catch (caught) {
      if (this.#stopped === stopped) this.error = caught;
    } finally {
      if (this.#stopped === stopped) this.#end();
    }
  }

  /** The operator's engine stops too. */
  stop(): void {
    this.#stopped?.abort();
    this.#end();
  }

  #end(): void {
    this.#stopped = undefined;
    this.done = undefined;
  }
}
