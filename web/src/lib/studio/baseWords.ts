import type { BaseStrength, BaseUse } from '@openledger/sdk';
import { m } from '#lib/paraglide/messages.js';

const strengths: Record<BaseStrength, () => string> = {
  chat: m.strength_chat,
  short_texts: m.strength_short_texts,
  multilingual: m.strength_multilingual,
  code: m.strength_code,
  reasoning: m.strength_reasoning,
  long_texts: m.strength_long_texts,
  small: m.strength_small,
  classic: m.strength_classic,
};
const uses: Record<BaseUse, () => string> = {
  narrow_domain: m.use_narrow_domain,
  broad_domain: m.use_broad_domain,
  chinese: m.use_chinese,
  many_languages: m.use_many_languages,
  low_memory: m.use_low_memory,
  teaching: m.use_teaching,
};

/** In words, or as the operator has it where it is none that is known here. */
export const strengthWords = (code: string): string => strengths[code as BaseStrength]?.() ?? code;
export const useWords = (code: string): string => uses[code as BaseUse]?.() ?? code;

/** Name of a language in the reader's; its code where there is no name. */
export function languageName(code: string, locale: string): string {
  try {
    return new Intl.DisplayNames([locale], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
