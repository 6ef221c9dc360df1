import { expect, test } from 'vitest';
import { openLog } from './log.ts';
import { repeat } from './repeat.ts';

test('work is never done twice at once, a failure does not end it, and stopping waits for it', async () => {
  let running = 0;
  let most = 0;
  let done = 0;
  const loop = repeat('test', 1, openLog('silent'), async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running -= 1;
    done += 1;
    if (done === 1) throw new Error('away');
  });
  while (done < 4) {
    loop.wake();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await loop.stop();
  const after = done;
  expect([most, running]).toEqual([1, 0]);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(done).toBe(after);
});
