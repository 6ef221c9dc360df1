/** How much of what pulled a phrase towards the model's wording came from each record; rows are phrases. */
type Scores = readonly { scores: readonly number[] }[];

/** Records behind a phrase, strongest first: index and share of the pull of all listed records on it, from 0 to 1. */
export function behindPhrase(segments: Scores, phrase: number): { record: number; share: number }[] {
  const scores = segments[phrase]?.scores ?? [];
  const total = scores.reduce((sum, score) => sum + Math.max(0, score), 0);
  if (total === 0) return [];
  return scores
    .map((score, record) => ({ record, share: Math.max(0, score) / total }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share || a.record - b.record);
}

/** How strongly a record pulled each phrase, 1 being the phrase that it pulled most; all 0 if it pulled none. */
export function phrasesOf(segments: Scores, record: number): number[] {
  const scores = segments.map(({ scores }) => Math.max(0, scores[record] ?? 0));
  const most = Math.max(0, ...scores);
  return scores.map((score) => (most === 0 ? 0 : score / most));
}

/** How far a score stands above the mark that chance rarely exceeds. */
export function clarity(best: number | undefined, threshold: number): 'none' | 'weak' | 'clear' | 'strong' {
  if (best === undefined || best <= threshold) return 'none';
  if (threshold <= 0 || best >= 3 * threshold) return 'strong';
  return best >= 1.5 * threshold ? 'clear' : 'weak';
}
