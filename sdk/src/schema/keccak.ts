import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Hex } from 'viem';

/** keccak256 of bytes given as hex. What hashes a batch's many leaves uses this: it takes half as long as viem's. */
export function keccak(bytes: Hex): Hex {
  return `0x${bytesToHex(keccak_256(hexToBytes(bytes.slice(2))))}`;
}
