import { concatHex, type Hex, stringToHex } from 'viem';
import { canonicalJson } from '../schema/canonicalJson.ts';
import { keccak } from '../schema/keccak.ts';

/** A receipt's `promptHash`: keccak(salt ‖ canonical JSON of the request's messages). */
export function promptHash(salt: Hex, messages: unknown): Hex {
  return keccak(concatHex([salt, stringToHex(canonicalJson(messages))]));
}
