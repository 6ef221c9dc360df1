import type { Session } from '@openledger/sdk';
import { makeSession } from '../test/support/story.ts';
import { openCaller } from './caller.ts';
import { type openStage, question } from './stage.ts';

/** Connections, each with a session of its own, each asking again as soon as it was answered; more of them wait longer. */
export const callers = Number(process.env.BENCH_CALLERS ?? 16);

type Opened = Pick<Awaited<ReturnType<typeof openStage>>, 'stage' | 'url' | 'model'>;

/** Callers of the gateway. Returned is what has all of them ask until `total` calls are answered, and gives each call's time, ms. */
export async function openLoad({ stage, url, model }: Opened): Promise<(total: number) => Promise<number[]>> {
  const newSession = async (): Promise<Session> =>
    makeSession(stage, await stage.newActor(), { ceiling: 900n * 10n ** 18n, seconds: 1_000_000 });
  const sessions: Session[] = [];
  while (sessions.length < callers) sessions.push(await newSession());
  const body = JSON.stringify({
    model,
    messages: [{ role: 'user', content: question }],
    max_tokens: 16,
    temperature: 0,
    seed: 1,
  });

  return async (total) => {
    const times: number[] = [];
    let asked = 0;
    await Promise.all(
      sessions.map(async (_, index) => {
        const caller = await openCaller(`${url}/v1/chat/completions`);
        while (asked < total) {
          asked += 1;
          const began = performance.now();
          const { status, text } = await caller.post(body, { authorization: `Bearer ${(sessions[index] as Session).apiKey}` });
          if (status === 200) {
            times.push(performance.now() - began);
            continue;
          }
          if (status !== 402) throw new Error(`${status}: ${text}`);
          asked -= 1;
          sessions[index] = await newSession(); // the money of the one before is used up
        }
        caller.close();
      }),
    );
    return times;
  };
}
