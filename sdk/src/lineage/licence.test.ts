import { expect, test } from 'vitest';
import { licenceId, licenceWord } from './licence.ts';

test('an id goes into a word and comes out again', () => {
  for (const id of ['MIT', 'CC-BY-NC-SA-4.0', 'GPL-2.0+', 'a'.repeat(32)]) expect(licenceId(licenceWord(id))).toBe(id);
  expect(licenceWord('MIT')).toBe(`0x4d4954${'00'.repeat(29)}`);
});

test('what is no id is refused', () => {
  for (const id of ['', 'a'.repeat(33), 'no licence', '許可']) expect(() => licenceWord(id)).toThrow(/SPDX/);
});

test('a word that somebody filled otherwise is cut at the first odd byte', () => {
  expect(licenceId(`0x4d4954ff4d${'00'.repeat(27)}`)).toBe('MIT');
  expect(licenceId(`0x${'00'.repeat(32)}`)).toBe('');
});
