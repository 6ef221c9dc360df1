import { expect, test } from 'vitest';
import { lastIntervals } from '#lib/charts/intervals.ts';
import { SPANS, spanOf, startOf } from './span.ts';

test('a span begins where its first bar does', () => {
  const now = 1_796_000_123;
  for (const span of SPANS) {
    const bars = lastIntervals([], span.unit, span.count, now);
    expect(startOf(span, now)).toBe(bars[0]?.at);
    expect(bars).toHaveLength(span.count);
  }
});

test('a span that nobody knows is thirty days', () => {
  expect(spanOf('9999')).toEqual(spanOf('30'));
  expect(spanOf('')).toMatchObject({ unit: 'day', count: 30 });
});
