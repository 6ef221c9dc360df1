import { expect, test } from 'vitest';
import { PARTIES, parseWhole, payoutOf } from './payout.ts';

const card = { promptPrice: 3n * 10n ** 12n, completionPrice: 7n * 10n ** 12n, retrievalPrice: 0n, agentStepPrice: 0n };
const split = { contributorsBps: 4_000, developerBps: 2_000, operatorBps: 3_000, backersBps: 1_000, parentsBps: 0 };
const load = { calls: 100, promptTokens: 200, completionTokens: 50 };

test('a day of calls pays each by the split of what the protocol leaves', () => {
  const { fees, protocol, shares } = payoutOf(load, card, split, { protocolFeeBps: 500 });
  expect(fees).toBe(100n * (200n * card.promptPrice + 50n * card.completionPrice));
  expect(protocol).toBe(fees / 20n);
  expect(shares.developer).toBe(((fees - protocol) * 2n) / 10n);
  expect(shares.contributors).toBe(2n * shares.developer);
  expect(shares.parents).toBe(0n);
});

test.each([1, 3, 9_999, 123_457])('the parts of a fee of about %i wei a token are the whole of it', (price) => {
  const odd = { contributorsBps: 3_333, developerBps: 3_333, operatorBps: 1_111, backersBps: 2_222, parentsBps: 1 };
  const { fees, protocol, shares } = payoutOf(load, { ...card, promptPrice: BigInt(price) }, odd, { protocolFeeBps: 777 });
  expect(protocol + PARTIES.reduce((sum, party) => sum + shares[party], 0n)).toBe(fees);
});

test('no calls pay nothing', () => {
  const { fees, protocol, shares } = payoutOf({ ...load, calls: 0 }, card, split, { protocolFeeBps: 500 });
  expect([fees, protocol, ...Object.values(shares)].every((amount) => amount === 0n)).toBe(true);
});

test.each([
  ['1,000', 1_000],
  [' 7 ', 7],
  ['0', 0],
  ['1001', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['', undefined],
])('%j is read as %s', (text, value) => {
  expect(parseWhole(text, 1_000)).toBe(value);
});
