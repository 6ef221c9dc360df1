import { randomBytes } from 'node:crypto';
import { type Hex, toHex } from 'viem';

const length = 32;
/** Salts asked of the system at once: each way there costs as much as hashing a prompt. */
const atOnce = 128;

let pool = randomBytes(0);
let used = 0;

/** 32 random bytes that nobody has had before: what hides a payer's prompt and answer in their hashes. */
export function freshSalt(): Hex {
  if (used === pool.length) {
    pool = randomBytes(atOnce * length);
    used = 0;
  }
  const salt = toHex(pool.subarray(used, used + length));
  pool.fill(0, used, used + length);
  used += length;
  return salt;
}
