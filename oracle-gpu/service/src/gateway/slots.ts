import { ServiceError } from '../errors.ts';

export type Slots = ReturnType<typeof createSlots>;

/** Counts what runs per key, so that one key cannot occupy the engine. */
export function createSlots(most: number) {
  const running = new Map<string, number>();
  return {
    count: (key: string): number => running.get(key) ?? 0,
    /** @returns what gives the slots back. Throws 429 when fewer than `count` are left; 400 when there never are as many. */
    take(key: string, count = 1): () => void {
      const before = running.get(key) ?? 0;
      if (count > most)
        throw new ServiceError(
          400,
          'too_many_answers',
          `This call asks for ${count} answers, at most ${most} are made at once for a key: ask for fewer.`,
          { limit: most },
        );
      if (before + count > most) {
        throw new ServiceError(
          429,
          'too_many_calls',
          `This key has ${before} calls running, at most ${most} are served at once: wait for one to end.`,
          { retryAfter: 1 },
        );
      }
      running.set(key, before + count);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        const left = (running.get(key) ?? count) - count;
        if (left === 0) running.delete(key);
        else running.set(key, left);
      };
    },
  };
}
