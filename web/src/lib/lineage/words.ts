import { formatBps } from '#lib/format/amount.ts';
import { m } from '#lib/paraglide/messages.js';

export type ParentUseName = 'MERGED' | 'TRAINED' | 'MEMBER' | 'ROUTED';
type Conditions = { licence: string; minimumBps: number; allowed: boolean; sameLicence: boolean };

/** Conditions of building on a model, a sentence each. */
export function conditionWords(conditions: Conditions | null | undefined): string[] {
  if (!conditions) return [m.line_conditions_none()];
  if (!conditions.allowed) return [m.line_licence_is({ licence: conditions.licence }), m.line_not_allowed()];
  return [
    m.line_licence_is({ licence: conditions.licence }),
    conditions.minimumBps > 0 ? m.line_minimum_is({ share: formatBps(conditions.minimumBps) }) : m.line_minimum_none(),
    conditions.sameLicence ? m.line_same_licence() : m.line_any_licence(),
  ];
}

export function useWords(use: ParentUseName): string {
  return {
    MERGED: m.line_use_merged(),
    TRAINED: m.line_use_trained(),
    MEMBER: m.line_use_member(),
    ROUTED: m.line_use_routed(),
  }[use];
}
