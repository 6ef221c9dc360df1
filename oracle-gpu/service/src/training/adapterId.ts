import { createHash } from 'node:crypto';
import { canonicalJson } from '@openledger/sdk';
import type { Hex } from 'viem';

/** sha256(sha256(safetensors) ‖ sha256(RFC 8785 config)) */
export function adapterId(weights: Uint8Array, configuration: Uint8Array): Hex {
  const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();
  const canonical = canonicalJson(JSON.parse(new TextDecoder().decode(configuration)));
  return `0x${sha256(Buffer.concat([sha256(weights), sha256(canonical)])).toString('hex')}`;
}
