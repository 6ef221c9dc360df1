/** Where a batch stands: its window is open, is over while nobody has made it final, it is final, or proven wrong. */
export type BatchWindow =
  | { phase: 'open'; secondsLeft: number; share: number }
  | { phase: 'over' }
  | { phase: 'final'; at: number | undefined }
  | { phase: 'void' };

type Batch = { status: string; settledAt: string; finalAt: string; finalizedAt?: string | null };

/** `now` in Unix seconds. `share` is how much of the window has passed, from 0 to 1. */
export function windowOf({ status, settledAt, finalAt, finalizedAt }: Batch, now: number): BatchWindow {
  if (status === 'FINAL') return { phase: 'final', at: finalizedAt ? Number(finalizedAt) : undefined };
  if (status === 'VOID') return { phase: 'void' };
  const end = Number(finalAt);
  const start = Number(settledAt);
  if (now >= end) return { phase: 'over' };
  const share = end > start ? Math.min(1, Math.max(0, (now - start) / (end - start))) : 1;
  return { phase: 'open', secondsLeft: end - now, share };
}
