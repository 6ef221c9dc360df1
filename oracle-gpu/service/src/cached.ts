type Entry<T> = { madeAt: number; value: Promise<T>; isRenewing: boolean };

/**
 * Remembers what `load` gave for a key for `ttlMs`; callers that come meanwhile share one load. What is asked for in
 * the second half of its time is renewed without anybody waiting for it. A failure is not kept.
 */
export function cached<T>(ttlMs: number, load: (key: string) => Promise<T>, maxKeys = 10_000) {
  const entries = new Map<string, Entry<T>>();

  function remember(key: string, value: Promise<T>): void {
    if (entries.size >= maxKeys && !entries.has(key)) entries.delete(entries.keys().next().value as string);
    entries.set(key, { madeAt: Date.now(), value, isRenewing: false });
  }

  function renew(key: string, entry: Entry<T>): void {
    entry.isRenewing = true;
    const startedAt = Date.now();
    load(key).then(
      (value) => {
        if (entries.get(key) === entry) entries.set(key, { madeAt: startedAt, value: Promise.resolve(value), isRenewing: false });
      },
      () => {
        entry.isRenewing = false;
      },
    );
  }

  const get = (key: string): Promise<T> => {
    const known = entries.get(key);
    const age = known ? Date.now() - known.madeAt : Number.POSITIVE_INFINITY;
    if (known && age < ttlMs) {
      if (age > ttlMs / 2 && !known.isRenewing) renew(key, known);
      return known.value;
    }
    const value = load(key);
    remember(key, value);
    value.catch(() => {
      if (entries.get(key)?.value === value) entries.delete(key);
    });
    return value;
  };
  return { get, forget: (key: string) => void entries.delete(key) };
}
