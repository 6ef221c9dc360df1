import { expect, test } from 'vitest';
import { m } from '#lib/paraglide/messages.js';
import { correlation, inWords } from './fidelity.ts';

test.each([
  [10_000, '1.00'],
  [4_567, '0.46'],
  [0, '0.00'],
  [-1_230, '−0.12'],
])('%i bps is written %s', (bps, text) => {
  expect(correlation(bps)).toBe(text);
});

test('what can be relied on follows from the lower end', () => {
  expect([5_000, 4_999, 2_000, 1_999, -300].map((lowBps) => inWords({ lowBps }))).toEqual([
    m.fidelity_strong(),
    m.fidelity_fair(),
    m.fidelity_fair(),
    m.fidelity_weak(),
    m.fidelity_weak(),
  ]);
});
