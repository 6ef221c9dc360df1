import type { Locale } from '#lib/paraglide/runtime.js';

/**
 * The language to begin with: what the reader chose here before, else the first of the browser's languages that the
 * app speaks, else English. Any Chinese gets Traditional Chinese: browsers say `zh-TW` or `zh-HK`, hardly `zh-Hant`.
 */
export function preferredLocale(chosen: string | null, languages: readonly string[]): Locale {
  if (chosen === 'en' || chosen === 'zh-Hant') return chosen;
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return 'zh-Hant';
    if (/^en\b/i.test(language)) return 'en';
  }
  return 'en';
}
