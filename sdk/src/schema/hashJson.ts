import { type Hex, keccak256, stringToHex } from 'viem';
import { canonicalJson } from './canonicalJson.ts';

/** keccak256 of the UTF-8 bytes of a value's RFC 8785 canonical JSON. */
export function hashJson(value: unknown): Hex {
  return keccak256(stringToHex(canonicalJson(value)));
}
