/** Locked behind each wei of a batch that is not final yet: the registry's LOCK_FACTOR. */
export const LOCK_FACTOR = 2n;

const DAY = 86_400n;

/** a ÷ b, rounded up. */
const divideUp = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** Stake, in wei, that covers all batches of one window at a steady daily revenue; never less than the minimum. */
export function stakeFor({ daily, window, minimum }: { daily: bigint; window: bigint; minimum: bigint }): bigint {
  const locked = divideUp(LOCK_FACTOR * daily * window, DAY);
  return locked > minimum ? locked : minimum;
}

/** Most daily revenue, in wei, that a stake covers; undefined where the window is 0 and nothing is ever locked. */
export function dailyFor({ stake, window }: { stake: bigint; window: bigint }): bigint | undefined {
  return window === 0n ? undefined : (stake * DAY) / (LOCK_FACTOR * window);
}
