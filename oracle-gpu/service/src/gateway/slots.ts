import { ServiceError } from '../errors.ts';

export type Slots = ReturnType<typeof createSlots>;

/** Counts what runs per key, so that one key cannot occupy the engine. */
export function createSlots(most: number) {
  const running = new Map<string, number>();
  return {
    count: (key: string): number => running.get(key) ?? 0,
    /** @returns what gives the slot back. Throws 429 when all are taken. */
    take(key: string): () => void {
      const before = running.get(key) ?? 0;
      if (before >= most) {
        throw new ServiceError(
          429,
          'too_many_calls',
          `This key has ${before} calls running, at most ${most} are served at once: wait for one to end.`,
          { retryAfter: 1 },
        );
      }
      running.set(key, before + 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        const left = (running.get(key) ?? 1) - 1;
        if (left === 0) running.delete(key);
        else running.set(key, left);
      };
    },
  };
}
