import { concatHex, type Hex, keccak256, stringToHex } from 'viem';
import { canonicalJson } from '../schema/canonicalJson.ts';

/** A receipt's `promptHash`: keccak(salt ‖ canonical JSON of the request's messages). */
export function promptHash(salt: Hex, messages: unknown): Hex {
  return keccak256(concatHex([salt, stringToHex(canonicalJson(messages))]));
}
