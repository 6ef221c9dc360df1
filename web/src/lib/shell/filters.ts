import { goto } from '$app/navigation';
import { page } from '$app/state';

/** Reads a filter from the address, so that every list can be bookmarked and shared. */
export function filterOf(name: string, fallback = ''): string {
  return page.url.searchParams.get(name) ?? fallback;
}

/** Address with a filter set; the empty value removes it. */
export function withFilter(url: { href: string }, name: string, value: string): string {
  const next = new URL(url.href);
  if (value === '') next.searchParams.delete(name);
  else next.searchParams.set(name, value);
  return next.pathname + next.search;
}

/** Changes a filter without a new entry in the history. */
export function setFilter(name: string, value: string): void {
  void goto(withFilter(page.url, name, value), { replace: true, reset: false });
}
