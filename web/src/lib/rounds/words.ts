import { duration } from '#lib/format/time.ts';
import { m } from '#lib/paraglide/messages.js';
import { stageOf } from './stage.ts';
import type { Round } from './types.ts';

/** Where a round stands, in a word and a colour. */
export function roundState(round: Round, now: number): { label: string; tone: 'plain' | 'accent' | 'gain' | 'fault' | 'wait' } {
  const stage = stageOf(round, now);
  switch (stage.step) {
    case 'judging':
      return { label: m.round_judging({ time: duration(stage.until - now) }), tone: 'accent' };
    case 'revealing':
      return { label: m.round_revealing({ time: duration(stage.until - now) }), tone: 'wait' };
    case 'assigning':
      return { label: m.round_assigning({ time: duration(stage.until - now) }), tone: 'wait' };
    case 'late':
      return { label: m.round_late(), tone: 'fault' };
    case 'over':
      switch (round.status) {
        case 'SCORED':
          return { label: m.round_scored(), tone: 'gain' };
        case 'NO_QUORUM':
          return { label: m.round_no_quorum(), tone: 'plain' };
        case 'WITHHELD':
          return { label: m.round_withheld(), tone: 'fault' };
        case 'LEAKED':
          return { label: m.round_leaked(), tone: 'fault' };
        default:
          return { label: m.round_struck(), tone: 'fault' };
      }
  }
}

/** Hundredths of a point with their sign, as a reader sees them: `+12.3`. */
export function points(hundredths: number): string {
  const sign = hundredths > 0 ? '+' : hundredths < 0 ? '−' : '';
  return `${sign}${(Math.abs(hundredths) / 100).toFixed(1)}`;
}

/** A release by its model's name and its number. */
export const releaseName = (model: { name: string }, release: { releaseIndex: number }): string =>
  `${model.name}, ${m.release_number({ number: String(release.releaseIndex + 1) })}`;
