import { type Locale, localStorageKey, overwriteGetLocale, setLocale } from '#lib/paraglide/runtime.js';
import { preferredLocale } from './preferredLocale.ts';

let current = $state<Locale>(preferredLocale(localStorage.getItem(localStorageKey), navigator.languages));

// Every message reads the state above, so the page changes language in place and keeps what was typed.
overwriteGetLocale(() => current);

export const LOCALE_NAMES: Record<Locale, string> = { en: 'English', 'zh-Hant': '繁體中文' };

export const locale = {
  get current(): Locale {
    return current;
  },
  set(next: Locale): void {
    void setLocale(next, { reload: false });
    current = next;
    document.documentElement.lang = next;
  },
};
