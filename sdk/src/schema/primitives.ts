import type { Address, Hex } from 'viem';
import { z } from 'zod';

const hexPattern = /^0x[0-9a-f]*$/;

/** Bytes of any length as lower-case hex. */
export const hexSchema = z.custom<Hex>(
  (value) => typeof value === 'string' && value.length % 2 === 0 && hexPattern.test(value),
  'must be lower-case hex beginning with 0x',
);

/** 32 bytes: a hash, a root, an id. */
export const bytes32Schema = z.custom<Hex>(
  (value) => typeof value === 'string' && value.length === 66 && hexPattern.test(value),
  'must be 32 bytes as lower-case hex beginning with 0x',
);

/** An account, with or without checksum. */
export const addressSchema = z.custom<Address>(
  (value) => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value),
  'must be an address: 0x and 40 hex digits',
);

/** Amounts travel as decimal strings and are bigints inside. */
export const amountSchema = z.codec(z.string().regex(/^\d{1,78}$/, 'must be a whole number as a decimal string'), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (amount) => amount.toString(),
});

export const uint32Schema = z.int().min(0).max(0xffffffff);
export const int32Schema = z.int().min(-0x80000000).max(0x7fffffff);
export const bpsSchema = z.int().min(0).max(10_000);
