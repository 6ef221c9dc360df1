import { type ReceiptBundle, receiptBundleSchema } from '@openledger/sdk';
import { z } from 'zod';

const answerSchema = z.looseObject({ receipt: receiptBundleSchema });

/** Longest pause between two attempts, ms: hundreds of callers must leave a service the time to start. */
const longestPause = 1_000;
/** Calls that wait for their answers at once: a machine that keeps up with fewer a second must not fall behind for ever. */
const mostWaiting = 100;

export type Answered = { apiKey: string; idempotencyKey: string; body: string; bundle: ReceiptBundle; attempts: number };

/**
 * Callers that ask up to `perSecond` questions a second, each under its own Idempotency-Key, and ask again until they are
 * answered, as a careful client does.
 */
export function startLoad(url: string, model: string, apiKeys: readonly string[], perSecond: number) {
  const answered: Answered[] = [];
  const refused: { status: number; text: string }[] = [];
  const running = new Set<Promise<void>>();
  let count = 0;

  async function ask(apiKey: string, idempotencyKey: string): Promise<void> {
    const body = JSON.stringify({
      model,
      max_tokens: 16,
      temperature: 0,
      seed: 1,
      messages: [{ role: 'user', content: 'what does transfer do' }],
    });
    for (let attempts = 1; ; attempts += 1) {
      const headers = {
        'content-type': 'application/json',
        authorization: `Bearer ${apiKey}`,
        'idempotency-key': idempotencyKey,
      };
      const got = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body }).then(
        async (response) => ({ status: response.status, text: await response.text() }),
        () => undefined, // the service is gone, or went in the middle of the answer
      );
      if (got?.status === 200) {
        const { receipt } = answerSchema.parse(JSON.parse(got.text));
        answered.push({ apiKey, idempotencyKey, body: got.text, bundle: receipt, attempts });
        return;
      }
      // 409: the first attempt still runs; 429: too many at once after a restart; 5xx: something behind it is gone
      if (got && got.status !== 409 && got.status !== 429 && got.status < 500) {
        refused.push(got);
        return;
      }
      await new Promise((done) => setTimeout(done, Math.min(100 * 2 ** attempts, longestPause)));
    }
  }

  const timer = setInterval(() => {
    if (running.size >= mostWaiting) return;
    const apiKey = apiKeys[count % apiKeys.length] ?? '';
    count += 1;
    const call = ask(apiKey, `call-${count}`);
    running.add(call);
    void call.finally(() => running.delete(call));
  }, 1000 / perSecond);

  return {
    answered,
    refused,
    asked: () => count,
    /** Asks nothing new and waits until every question is answered. */
    stop: async (): Promise<void> => {
      clearInterval(timer);
      while (running.size > 0) await Promise.all(running);
    },
  };
}
