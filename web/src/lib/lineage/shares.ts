/** Most that a parent may ask for, and that all parents together get, in basis points of the net fee. */
export const MOST_BPS = 5_000;
export const MOST_PARENTS = 8;

/** A percentage as a person writes it, in basis points: 0 to 50 %, in hundredths at the finest. */
export function parseShare(text: string): number | undefined {
  if (!/^\d{1,2}([.,]\d{1,2})?$/.test(text.trim())) return undefined;
  const bps = Math.round(Number(text.trim().replace(',', '.')) * 100);
  return bps <= MOST_BPS ? bps : undefined;
}

type Candidate = { derivation: { licence: string; sameLicence: boolean } | null };

/**
 * The licence that the parents leave to choose: theirs where one wants it kept, `any` where none does, and `conflict`
 * where two want different ones.
 */
export function licenceOf(parents: readonly Candidate[]): { kind: 'any' | 'conflict' } | { kind: 'kept'; licence: string } {
  const kept = new Set(parents.flatMap(({ derivation }) => (derivation?.sameLicence ? [derivation.licence] : [])));
  const [licence] = kept;
  if (licence === undefined) return { kind: 'any' };
  return kept.size > 1 ? { kind: 'conflict' } : { kind: 'kept', licence };
}
