import { expect, test } from 'vitest';
import { preferredLocale } from './preferredLocale.ts';

test.each([
  [null, ['zh-TW', 'en'], 'zh-Hant'],
  [null, ['zh-HK'], 'zh-Hant'],
  [null, ['zh'], 'zh-Hant'],
  [null, ['de-DE', 'en-GB', 'zh-TW'], 'en'],
  [null, ['de-DE'], 'en'],
  [null, [], 'en'],
  ['en', ['zh-TW'], 'en'],
  ['zh-Hant', ['en'], 'zh-Hant'],
  ['fr', ['zh-TW'], 'zh-Hant'],
] as const)('chosen %j in a browser that prefers %j: %s', (chosen, languages, locale) => {
  expect(preferredLocale(chosen, languages)).toBe(locale);
});
