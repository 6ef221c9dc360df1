/**
 * Remembers what `load` gave for a key for `ttlMs`; callers that come meanwhile share one load. A failure is not kept.
 */
export function cached<T>(ttlMs: number, load: (key: string) => Promise<T>, maxKeys = 10_000) {
  const entries = new Map<string, { until: number; value: Promise<T> }>();
  const get = (key: string): Promise<T> => {
    const known = entries.get(key);
    if (known && known.until > Date.now()) return known.value;
    const value = load(key);
    if (entries.size >= maxKeys) entries.delete(entries.keys().next().value as string);
    entries.set(key, { until: Date.now() + ttlMs, value });
    value.catch(() => {
      if (entries.get(key)?.value === value) entries.delete(key);
    });
    return value;
  };
  return { get, forget: (key: string) => void entries.delete(key) };
}
