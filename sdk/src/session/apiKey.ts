import { concatHex, type Hex, stringToHex } from 'viem';
import { keccak, keccakText } from '../schema/keccak.ts';

/** The API key that a session's private key stands behind: `ol-` and 64 hex digits. Whoever holds the private key can make it again. */
export function apiKeyOf(sessionPrivateKey: Hex): string {
  return `ol-${keccak(concatHex([stringToHex('openledger api key'), sessionPrivateKey])).slice(2)}`;
}

/** What the gateway keeps instead of the key. */
export function apiKeyHash(apiKey: string): Hex {
  return keccakText(apiKey);
}
