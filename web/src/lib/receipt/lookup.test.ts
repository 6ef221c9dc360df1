import { expect, test } from 'vitest';
import { parseLookup, parseSequence, receiptPath } from './lookup.ts';

const channel = `0x${'ab'.repeat(32)}` as const;

test.each([
  `${channel} 12`,
  `${channel}/12`,
  `  ${channel.toUpperCase().replace('0X', '0x')}  #12 `,
  `https://example.org/receipts/${channel}/12`,
  `${channel}, 12`,
])('channel and number are read from %j', (text) => {
  expect(parseLookup(text)).toEqual({ kind: 'receipt', channel, sequence: 12 });
});

test('a hash alone may name a receipt or a channel', () => {
  expect(parseLookup(channel)).toEqual({ kind: 'hash', hash: channel });
});

test.each(['', '12', 'hello', '0x1234', `${channel} 0`, `${channel} -1`, `${channel} 1 2`, `${channel} 1e3`])(
  '%j names nothing',
  (text) => {
    expect(parseLookup(text)).toBeUndefined();
  },
);

test('a sequence fits 32 bits', () => {
  expect(parseSequence('4294967295')).toBe(4_294_967_295);
  expect(parseSequence('4294967296')).toBeUndefined();
});

test('what a path says is what the lookup reads', () => {
  expect(parseLookup(receiptPath(channel, 7))).toEqual({ kind: 'receipt', channel, sequence: 7 });
});
