import type { DecisionKind } from '@openledger/sdk';
import { exactOpen, formatBps, formatCount } from '#lib/format/amount.ts';
import { exactTime } from '#lib/format/time.ts';
import { m } from '#lib/paraglide/messages.js';
import { getLocale } from '#lib/paraglide/runtime.js';
import { categoryWords } from '#lib/treasury/categories.ts';
import type { Change } from './changes.ts';
import type { Effect } from './effects.ts';
import type { ParameterName } from './parameters.ts';
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
  const kinds: Record<DecisionKind, string> = {
    treasury: m.kind_treasury(),
    parameters: m.kind_parameters(),
    models: m.nav_models(),
    agents: m.nav_agents(),
    upgrades: m.kind_upgrades(),
  };
  return kinds[(kind ?? '') as DecisionKind] ?? kind ?? '';
}

/** What a kind decides, in one sentence. */
export function kindHint(kind: DecisionKind): string {
  const hints: Record<DecisionKind, string> = {
    treasury: m.kind_treasury_hint(),
    parameters: m.kind_parameters_hint(),
    models: m.kind_models_hint(),
    agents: m.kind_agents_hint(),
    upgrades: m.kind_upgrades_hint(),
  };
  return hints[kind];
}

/** Voting power out of 1e18 as a percentage. */
export function formatPower(power: bigint): string {
  const hundredths = Number((power * 10_000n) / 10n ** 18n);
  if (hundredths === 0 && power > 0n) return '< 0.01 %';
  return `${(hundredths / 100).toFixed(hundredths % 100 === 0 ? 0 : 2)} %`;
}

export function parameterWords(name: ParameterName): string {
  const words: Record<ParameterName, string> = {
    protocolFeeBps: m.parameter_protocol_fee(),
    burnBps: m.parameter_burn(),
    contributorCapBps: m.parameter_contributor_cap(),
    verbatimBps: m.parameter_verbatim(),
    retrievalBps: m.parameter_retrieval(),
    fidelityFloorBps: m.parameter_fidelity_floor(),
    votesFloor: m.parameter_votes_floor(),
    sampleRateBps: m.parameter_sample_rate(),
  };
  return words[name];
}

/** A value in its unit, every digit of it: nothing is decided on a rounded figure. */
export function formatValue(unit: Change['unit'], value: bigint): string {
  if (unit === 'open') return `${exactOpen(value)} OPEN`;
  return unit === 'bps' ? formatBps(Number(value)) : formatCount(value);
}

/** Seconds as days, to the hundredth where they are not whole. */
const days = (seconds: number): string => String(Number((seconds / 86_400).toFixed(2)));

/** What a call does, as a sentence. `nameOf` says whose an address is. */
export function effectWords(effect: Effect, nameOf: (address: string) => string): string {
  const open = (wei: bigint) => formatValue('open', wei);
  switch (effect.kind) {
    case 'spend': {
      const payment = { amount: open(effect.amount), to: nameOf(effect.to), purpose: effect.purpose };
      if (effect.category === '') return m.effect_spend(payment);
      return m.effect_spend_on({ ...payment, category: categoryWords(effect.category) });
    }
    case 'stream': {
      const stream = {
        amount: open(effect.amount),
        to: nameOf(effect.to),
        purpose: effect.purpose,
        category: categoryWords(effect.category),
        days: days(effect.duration),
      };
      if (effect.start === 0) return m.effect_stream(stream);
      return m.effect_stream_from({ ...stream, start: exactTime(effect.start, getLocale()) });
    }
    case 'endStream':
      return m.effect_end_stream({ stream: String(effect.stream) });
    case 'budget': {
      const category = categoryWords(effect.category);
      if (effect.period === 0) return m.effect_no_budget({ category });
      return m.effect_budget({ category, cap: open(effect.cap), days: days(effect.period) });
    }
    case 'fees':
      return m.effect_fees();
    case 'floor':
      return m.effect_floor({ floor: formatValue('weight', effect.floor) });
    case 'sampleRate':
      return m.effect_sample_rate({ rate: formatBps(effect.bps) });
    case 'allow':
      return m.effect_allow({ spender: nameOf(effect.spender), amount: open(effect.amount) });
    case 'back':
      return m.effect_back({ amount: open(effect.amount), proposal: String(effect.proposal) });
    case 'slash':
      return m.effect_slash({ amount: open(effect.amount), agent: String(effect.agent), reason: effect.reason });
    case 'retire':
      return m.effect_retire({ agent: String(effect.agent) });
    case 'openRound':
      return m.effect_open_round({ count: String(effect.questions) });
    case 'strikeRound':
      return m.effect_strike_round({ number: String(effect.round), reason: effect.reason });
    case 'upgrade':
      return m.effect_upgrade({ name: nameOf(effect.proxy) });
    case 'unknown':
      return m.effect_unknown({ name: nameOf(effect.target) });
  }
}
