import { m } from '#lib/paraglide/messages.js';

/** How well a release's weights were measured to hold, in bps of a correlation. */
export type Measured = { ldsBps: number; lowBps: number; highBps: number };

/** A correlation in bps with two places, as people write it. */
export const correlation = (bps: number): string => (bps / 10_000).toFixed(2).replace('-', '−');

/** What the number means, from its lower end: what is paid by, and what can be relied on. */
export function inWords({ lowBps }: Pick<Measured, 'lowBps'>): string {
  if (lowBps >= 5_000) return m.fidelity_strong();
  if (lowBps >= 2_000) return m.fidelity_fair();
  return m.fidelity_weak();
}
