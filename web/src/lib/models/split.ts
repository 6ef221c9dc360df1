import { m } from '#lib/paraglide/messages.js';

type Split = { operatorBps: number; developerBps: number; parentsBps: number; backersBps: number; contributorsBps: number };

/** A model's terms as parts of a bar, contributors first. */
export function splitParts(terms: Split): { label: string; bps: number; color: string }[] {
  return [
    { label: m.split_contributors(), bps: terms.contributorsBps, color: 'var(--c1)' },
    { label: m.role_operator(), bps: terms.operatorBps, color: 'var(--c4)' },
    { label: m.role_developer(), bps: terms.developerBps, color: 'var(--c2)' },
    { label: m.role_parents(), bps: terms.parentsBps, color: 'var(--c6)' },
    { label: m.role_backers(), bps: terms.backersBps, color: 'var(--c5)' },
  ];
}
