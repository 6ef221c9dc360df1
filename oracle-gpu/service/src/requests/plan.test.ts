import { canonicalJson, computeFee } from '@openledger/sdk';
import { stringToHex } from 'viem';
import { expect, test } from 'vitest';
import { affordable, Declined, messagesOf } from './plan.ts';

const card = { promptPrice: 10n ** 14n, completionPrice: 10n ** 15n, retrievalPrice: 0n, agentStepPrice: 0n };
const feeOf = (rates: typeof card, promptTokens: number, completionTokens: number): bigint =>
  computeFee([{ card: rates, weightBps: 10_000 }], { promptTokens, completionTokens, retrievalTokens: 0, agentSteps: 0 }).fee;

test('a fee affords as many tokens as it pays for, and not one more', () => {
  const odd = { ...card, promptPrice: 12_345n, completionPrice: 6_789n };
  for (const rates of [card, odd])
    for (const maxFee of [20_000n, 99_999n, 10n ** 16n, 10n ** 16n + 9_999n]) {
      const tokens = affordable(maxFee, 1, rates, Number.MAX_SAFE_INTEGER);
      if (feeOf(rates, 1, 0) > maxFee) expect(tokens).toBe(0);
      else {
        expect(feeOf(rates, 1, tokens)).toBeLessThanOrEqual(maxFee);
        expect(feeOf(rates, 1, tokens + 1)).toBeGreaterThan(maxFee);
      }
    }
});

test('nothing is affordable when the prompt alone costs more, and all that is free', () => {
  expect(affordable(10n ** 14n, 2, card, 512)).toBe(0);
  expect(affordable(10n ** 18n, 1, { ...card, completionPrice: 0n }, 512)).toBe(512);
  expect(affordable(10n ** 18n, 1, card, 512)).toBe(512);
});

test('a prompt is the canonical JSON of chat messages, byte by byte', () => {
  const messages = [{ role: 'user', content: 'Grüße, "Welt"\n' }];
  expect(messagesOf(stringToHex(canonicalJson(messages)))).toEqual(messages);
  for (const text of [
    'hello',
    '{}',
    '[]',
    '[{"content":1,"role":"user"}]',
    '[{"role":"user","content":"a"}]',
    '[{"content": "a","role":"user"}]',
  ])
    expect(() => messagesOf(stringToHex(text))).toThrow(Declined);
  expect(() => messagesOf('0xff')).toThrow(Declined);
});
