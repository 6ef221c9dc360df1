import { bytesToHex, type Hex } from 'viem';

/** A salt or nonce that nobody can guess: 32 bytes from the platform's secure source. */
export const randomBytes32 = (): Hex => bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
