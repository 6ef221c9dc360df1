import { m } from '#lib/paraglide/messages.js';
import type { Stage } from './stage.ts';

type Tone = 'plain' | 'accent' | 'gain' | 'fault' | 'wait';

export function stageWords(stage: Stage): { text: string; tone: Tone } {
  const words: Record<Stage, { text: string; tone: Tone }> = {
    pending: { text: m.stage_pending(), tone: 'plain' },
    active: { text: m.stage_active(), tone: 'accent' },
    succeeded: { text: m.stage_succeeded(), tone: 'gain' },
    defeated: { text: m.stage_defeated(), tone: 'fault' },
    queued: { text: m.stage_queued(), tone: 'wait' },
    ready: { text: m.stage_ready(), tone: 'wait' },
    executed: { text: m.stage_executed(), tone: 'gain' },
    canceled: { text: m.stage_canceled(), tone: 'plain' },
    vetoed: { text: m.stage_vetoed(), tone: 'fault' },
  };
  return words[stage];
}

export function kindWords(kind: string | null): string {
  const kinds: Record<string, string> = {
    treasury: m.kind_treasury(),
    upgrades: m.kind_upgrades(),
    models: m.nav_models(),
    parameters: m.kind_parameters(),
  };
  return kinds[kind ?? ''] ?? kind ?? '';
}

/** Voting power out of 1e18 as a percentage. */
export function formatPower(power: bigint): string {
  const hundredths = Number((power * 10_000n) / 10n ** 18n);
  if (hundredths === 0 && power > 0n) return '< 0.01 %';
  return `${(hundredths / 100).toFixed(hundredths % 100 === 0 ? 0 : 2)} %`;
}
