import { OpenLedgerError } from '@openledger/sdk';
import { type JobEvent, type Progress, progressOf } from '#lib/gateway/training.ts';
import { useApp } from '#lib/shell/app.svelte.ts';

/** Follows the log of a job from its beginning and reconnects where it broke off, until the job ends. */
export function useJobLog(jobId: () => string): {
  readonly events: readonly JobEvent[];
  readonly progress: Progress;
  readonly offline: boolean;
} {
  const app = useApp();
  let events = $state.raw<JobEvent[]>([]);
  let offline = $state(false);
  const progress = $derived(progressOf(events));

  $effect(() => {
    const id = jobId();
    const abort = new AbortController();
    events = [];
    void follow(id, abort.signal);
    return () => abort.abort();
  });

  async function follow(id: string, signal: AbortSignal): Promise<void> {
    let next = 0;
    while (!signal.aborted) {
      try {
        for await (const event of app.gateway.jobEvents(id, next, signal)) {
          offline = false;
          next = Math.max(next, event.seq + 1);
          events = [...events, event];
        }
      } catch (error) {
        if (signal.aborted) return;
        // The service knows a job once it has seen it on the chain: not found yet is no fault.
        offline = !(error instanceof OpenLedgerError && error.status === 404);
      }
      if (progressOf(events).finished) return;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }

  return {
    get events() {
      return events;
    },
    get progress() {
      return progress;
    },
    get offline() {
      return offline;
    },
  };
}
