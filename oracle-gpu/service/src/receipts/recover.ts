/// <reference path="./secp256k1.d.ts" />
// Types of the binding, also for whoever reads this file from outside the service.
import { keccak, type SignedDigest } from '@openledger/sdk';
// The native binding itself, as in signer.ts.
import secp256k1 from 'secp256k1/bindings.js';
import type { Address } from 'viem';

const v = [0, 1, 27, 28]; // of either convention; its last bit, but for the offset of 27, is the parity of y

/**
 * Who signed a digest, by libsecp256k1: a twentieth of the time that JavaScript takes, which counts where a batch has a
 * thousand signatures. Says the same of each: undefined for what is no signature, or one of no point.
 */
export function recoverSigner({ digest, signature }: SignedDigest): Address | undefined {
  const bytes = Buffer.from(signature.slice(2), 'hex');
  const last = v.indexOf(bytes[64] ?? -1);
  if (signature.length !== 132 || bytes.length !== 65 || last === -1) return undefined;
  try {
    const key = secp256k1.ecdsaRecover(bytes.subarray(0, 64), last % 2, Buffer.from(digest.slice(2), 'hex'), false);
    return `0x${keccak(key.subarray(1)).slice(-40)}`;
  } catch {
    return undefined; // a number outside the group, or the x of no point
  }
}
