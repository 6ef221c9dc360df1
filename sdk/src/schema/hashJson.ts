import type { Hex } from 'viem';
import { canonicalJson } from './canonicalJson.ts';
import { keccakText } from './keccak.ts';

/** keccak256 of the UTF-8 bytes of a value's RFC 8785 canonical JSON. */
export function hashJson(value: unknown): Hex {
  return keccakText(canonicalJson(value));
}
