import { expect, test } from 'vitest';
import { createRelayLimit } from './relayLimit.ts';

test('an account has ten an hour, whatever case it is written in, and others are not held up by it', () => {
  let now = 0;
  const take = createRelayLimit(() => now);
  for (let i = 0; i < 10; i += 1) take('0xAb');
  expect(() => take('0xaB')).toThrow(/of yours/);
  take('0xcd');
  now = 3_600_001;
  take('0xab');
});

test('all together have three hundred, and are told when to come again', () => {
  let now = 1_000;
  const take = createRelayLimit(() => now);
  for (let i = 0; i < 300; i += 1) take(`0x${i}`);
  now = 61_000;
  expect(() => take('0xff')).toThrow(expect.objectContaining({ status: 429, detail: { retryAfter: 3_540 } }));
});
