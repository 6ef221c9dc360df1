import { isLicenceId } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { licenceOf, parseShare } from './shares.ts';

test('shares are percentages of at most a half', () => {
  expect(parseShare('5')).toBe(500);
  expect(parseShare(' 0.01 ')).toBe(1);
  expect(parseShare('2,5')).toBe(250);
  expect(parseShare('50')).toBe(5_000);
  for (const text of ['50.01', '-1', '5.001', '', 'five', '1e1', '100']) expect(parseShare(text)).toBeUndefined();
});

test('licences are SPDX ids', () => {
  expect(isLicenceId('CC-BY-SA-4.0')).toBe(true);
  for (const text of ['', 'my own', 'a'.repeat(33)]) expect(isLicenceId(text)).toBe(false);
});

test('a parent that wants its licence kept leaves no other', () => {
  const parent = (licence: string, sameLicence: boolean) => ({ derivation: { licence, sameLicence } });
  expect(licenceOf([])).toEqual({ kind: 'any' });
  expect(licenceOf([parent('MIT', false), { derivation: null }])).toEqual({ kind: 'any' });
  expect(licenceOf([parent('MIT', false), parent('GPL-3.0-only', true)])).toEqual({ kind: 'kept', licence: 'GPL-3.0-only' });
  expect(licenceOf([parent('A', true), parent('A', true)])).toEqual({ kind: 'kept', licence: 'A' });
  expect(licenceOf([parent('A', true), parent('B', true)])).toEqual({ kind: 'conflict' });
});
