import { type Hex, hexToBytes, stringToHex } from 'viem';

/** Whether a text can be the SPDX id of a licence: 1 to 32 letters, digits, dots, pluses and hyphens. */
export const isLicenceId = (text: string): boolean => /^[A-Za-z0-9.+-]{1,32}$/.test(text);

/**
 * A licence's SPDX id as the chain keeps it: ASCII from the left of a 32-byte word.
 * @throws when it is empty, too long, or holds what SPDX ids do not
 */
export function licenceWord(id: string): Hex {
  if (!isLicenceId(id)) {
    throw new Error('Name the licence by its SPDX id, such as Apache-2.0: up to 32 letters, digits, dots, pluses and hyphens.');
  }
  return stringToHex(id, { size: 32 });
}

/** The id in a word of the chain, up to the first byte that is no printable character. */
export function licenceId(word: Hex): string {
  const bytes = hexToBytes(word);
  const end = bytes.findIndex((byte) => byte < 0x20 || byte > 0x7e);
  return String.fromCharCode(...bytes.slice(0, end === -1 ? bytes.length : end));
}
