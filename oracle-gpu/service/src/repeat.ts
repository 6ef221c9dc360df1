import { sentence } from './errors.ts';
import type { Log } from './log.ts';

/** Runs `work` again and again, `everyMs` apart and never twice at once, until stopped. A failure is logged and tried again later. */
export function repeat(
  name: string,
  everyMs: number,
  log: Log,
  work: () => Promise<void>,
): { stop: () => Promise<void>; wake: () => void } {
  let stopped = false;
  let failures = 0;
  let wake: () => void = () => undefined;
  const run = async (): Promise<void> => {
    while (!stopped) {
      try {
        await work();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1 || failures % 30 === 0)
          log.warn({ task: name, failures, reason: sentence(error) }, 'will be tried again');
        else log.debug({ task: name, failures, reason: sentence(error) }, 'will be tried again');
      }
      if (stopped) return;
      await new Promise<void>((done) => {
        const timer = setTimeout(done, everyMs * Math.min(2 ** failures, 8));
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  };
  const running = run();
  return {
    wake: () => wake(),
    stop: async () => {
      stopped = true;
      wake();
      await running;
    },
  };
}
