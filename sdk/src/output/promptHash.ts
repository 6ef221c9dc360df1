import type { Hex } from 'viem';
import { canonicalJson } from '../schema/canonicalJson.ts';
import { keccakSalted } from '../schema/keccak.ts';

/** A receipt's `promptHash`: keccak(salt ‖ canonical JSON of the request's messages). */
export function promptHash(salt: Hex, messages: unknown): Hex {
  return keccakSalted(salt, canonicalJson(messages));
}
