import { expect, test } from 'vitest';
import { countdown, duration, relativeTime } from './time.ts';

test('relative time speaks the reader’s language', () => {
  expect(relativeTime(940, 1000, 'en')).toBe('1 minute ago');
  expect(relativeTime(1000 + 7200, 1000, 'en')).toBe('in 2 hours');
  expect(relativeTime(940, 1000, 'zh-Hant')).toBe('1 分鐘前');
});

test('a moment ago counts in seconds', () => {
  expect(relativeTime(995, 1000, 'en')).toBe('5 seconds ago');
  expect(relativeTime(1000, 1000, 'en')).toBe('now');
});

test.each([
  [45, '45 s'],
  [95, '1 min 35 s'],
  [600, '10 min'],
  [4800, '1 h 20 min'],
  [172_800, '2 d'],
])('%i seconds read as %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([
  [25, '00:25'],
  [125, '02:05'],
  [172_752, '1 d 23:59:12'],
  [3600, '01:00:00'],
  [0.4, '00:01'],
  [0, '00:00'],
  [-9, '00:00'],
])('%d seconds left tick as %s', (seconds, text) => {
  expect(countdown(seconds)).toBe(text);
});
