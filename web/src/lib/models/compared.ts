/** Models that stand side by side at most. */
export const MOST_COMPARED = 4;

/** Numbers of models from an address, without what is no number and without repetition. */
export function comparedOf(text: string): string[] {
  const numbers = text.split(',').filter((part) => /^[1-9]\d{0,9}$/.test(part));
  return [...new Set(numbers)].slice(0, MOST_COMPARED);
}

/** The list with a model added, or without it if it was there. */
export function toggled(ids: readonly string[], id: string): string[] {
  return ids.includes(id) ? ids.filter((known) => known !== id) : [...ids, id].slice(0, MOST_COMPARED);
}
