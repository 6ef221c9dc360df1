import type { TrainingRecord } from '../records/record.ts';

/** A record's words for comparison: what was asked and answered, without its source. */
export function recordText({ messages }: Pick<TrainingRecord, 'messages'>): string {
  return messages.map(({ role, content }) => `${role}: ${content}`).join('\n');
}

/** The text without any white space. */
export function withoutWhitespace(text: string): string {
  return text.replace(/\s+/gu, '');
}

/** Words of the normalised text: lower case, compatibility forms unified, punctuation dropped; a Han, kana or Hangul character is a word. */
export function words(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[\p{L}\p{M}\p{N}_]+/gu) ?? []
  ).flatMap(splitScripts);
}

/** A run like "函數abc" was matched greedily as one word where scripts mix; cut ideographs out of it. */
function splitScripts(word: string): string[] {
  return (
    word.match(
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+/gu,
    ) ?? []
  );
}
