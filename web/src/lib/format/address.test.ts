import { expect, test } from 'vitest';
import { identiconOf, sameAddress, shortAddress, shortHash } from './address.ts';

const address = '0x8f3a00000000000000000000000000000000Ac41';

test('addresses keep their first four and last four digits', () => {
  expect(shortAddress(address)).toBe('0x8f3a…Ac41');
});

test('short ids stay whole', () => {
  expect(shortHash('0x1234')).toBe('0x1234');
  expect(shortHash(`0x${'ab'.repeat(32)}`)).toBe('0xabababab…ababab');
});

test('an identicon depends on the address, not on its case', () => {
  expect(identiconOf(address)).toEqual(identiconOf(address.toLowerCase()));
  expect(identiconOf(address)).not.toEqual(identiconOf(`0x1${address.slice(3)}`));
});

test('sameAddress ignores case and refuses what is missing', () => {
  expect(sameAddress(address, address.toLowerCase())).toBe(true);
  expect(sameAddress(undefined, undefined)).toBe(false);
});
