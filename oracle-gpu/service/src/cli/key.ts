import type { Hex } from 'viem';
import { z } from 'zod';

const keySchema = z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/i.test(value));

/** The account in OPENLEDGER_WATCH_KEY; undefined where it is not set. */
export function keyOf(text: string | undefined): Hex | undefined {
  if (text === undefined || text === '') return undefined;
  const parsed = keySchema.safeParse(text);
  if (!parsed.success) throw new Error('OPENLEDGER_WATCH_KEY must be 0x and the 64 hex digits of a private key.');
  return parsed.data;
}
