import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { createKeccak } from 'hash-wasm';
import type { Hex } from 'viem';

let digest = (bytes: Uint8Array): string => bytesToHex(keccak_256(bytes));

// WebAssembly takes a fifth of the time, and a batch hashes a hundred thousand words. It is ready within milliseconds;
// until then, and where a page forbids it, JavaScript gives the same hashes.
createKeccak(256).then(
  (hasher) => {
    digest = (bytes) => hasher.init().update(bytes).digest('hex');
  },
  () => undefined,
);

const encoder = new TextEncoder();

function fromHex(hex: string): Uint8Array {
  if (typeof Buffer === 'undefined') return hexToBytes(hex);
  const bytes = Buffer.from(hex, 'hex'); // reads up to what is no hex
  if (bytes.length * 2 !== hex.length) throw new Error('These bytes are not written as hex: give 0x and two digits a byte.');
  return bytes;
}

/** keccak256 of bytes, given as they are or as hex. Throws for what is no hex. */
export function keccak(bytes: Hex | Uint8Array): Hex {
  return `0x${digest(typeof bytes === 'string' ? fromHex(bytes.slice(2)) : bytes)}`;
}

/** keccak256 of a salt's bytes followed by a text's in UTF-8. */
export function keccakSalted(salt: Hex, text: string): Hex {
  const before = fromHex(salt.slice(2));
  const behind = encoder.encode(text);
  const bytes = new Uint8Array(before.length + behind.length);
  bytes.set(before);
  bytes.set(behind, before.length);
  return keccak(bytes);
}

/** keccak256 of a text's UTF-8 bytes. */
export function keccakText(text: string): Hex {
  return keccak(encoder.encode(text));
}
