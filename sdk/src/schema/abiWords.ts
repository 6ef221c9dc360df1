import type { Address, Hex } from 'viem';

// Words of 32 bytes as ABI encoding has them, hex without 0x. Each throws for what does not fit its type.

export function uintWord(value: number | bigint, bits = 32): string {
  const fits =
    typeof value === 'number'
      ? Number.isInteger(value) && value >= 0 && value < 2 ** bits
      : value >= 0n && value >> BigInt(bits) === 0n;
  if (!fits) throw new RangeError(`${value} does not fit uint${bits}.`);
  return value.toString(16).padStart(64, '0');
}

/** Four bytes, as packed encoding has an uint32. */
export const uint32Hex = (value: number): string => uintWord(value).slice(-8);

export function int32Word(value: number): string {
  if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0x7fff_ffff)
    throw new RangeError(`${value} does not fit int32.`);
  return (value >>> 0)
    .toString(16)
    .padStart(8, '0')
    .padStart(64, value < 0 ? 'f' : '0');
}

export function bytes32Word(value: Hex): string {
  if (value.length !== 66) throw new RangeError(`${value} is not 32 bytes.`);
  return value.slice(2).toLowerCase();
}

export function addressWord(value: Address): string {
  if (value.length !== 42) throw new RangeError(`${value} is no address.`);
  return value.slice(2).toLowerCase().padStart(64, '0');
}

/** Length of words in bytes: what an offset counts. */
const bytesOf = (words: string): number => words.length / 2;

/** An array of items that have one length each. */
export function staticArray(items: readonly string[]): string {
  return uintWord(items.length) + items.join('');
}

/** An array of items of different lengths: their offsets stand before them. */
export function dynamicArray(items: readonly string[]): string {
  return uintWord(items.length) + tuple([], items);
}

/** A tuple whose static fields come first, then its dynamic ones: offsets in place, contents behind. */
export function tuple(fixed: readonly string[], dynamic: readonly string[]): string {
  const head = fixed.join('');
  let offset = bytesOf(head) + 32 * dynamic.length;
  const offsets = dynamic.map((content) => {
    const at = offset;
    offset += bytesOf(content);
    return uintWord(at);
  });
  return head + offsets.join('') + dynamic.join('');
}
