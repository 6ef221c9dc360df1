import { expect, test } from 'vitest';
import { sessionState, usageByChannel } from './usage.ts';

const receipt = (channelId: string, timestamp: string) => ({
  channelId,
  timestamp,
  promptTokens: '10',
  completionTokens: '5',
  fee: '70',
});

test('receipts add up by channel', () => {
  const usage = usageByChannel([receipt('a', '5'), receipt('b', '6'), receipt('a', '3')]);
  expect(usage.get('a')).toEqual({ calls: 2, tokens: 30n, fees: 140n, lastAt: 5 });
  expect(usage.get('b')).toEqual({ calls: 1, tokens: 15n, fees: 70n, lastAt: 6 });
  expect(usage.get('c')).toBeUndefined();
});

test.each([
  [{}, 'live'],
  [{ revoked: true }, 'revoked'],
  [{ expiry: '100' }, 'expired'],
  [{ collected: '50' }, 'spent'],
] as const)('a session with %j is %s', (change, state) => {
  expect(sessionState({ revoked: false, expiry: '101', cap: '50', collected: '49', ...change }, 100)).toBe(state);
});
