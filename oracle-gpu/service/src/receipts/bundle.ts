import { type ReceiptBundle, receiptBundleSchema } from '@openledger/sdk';
import { z } from 'zod';
import type { receipts } from '../db/schema.ts';

export type ReceiptRow = typeof receipts.$inferSelect;

const recordSchema = z.record(z.string(), z.json());

/** A stored receipt as a bundle; what only the payer may see is left out unless `isPayer`. */
export function bundleOf(row: ReceiptRow, isPayer: boolean): ReceiptBundle {
  if (row.signature === null) throw new Error('The receipt is not signed yet.');
  return receiptBundleSchema.parse({
    ...recordSchema.parse(row.bundle),
    ...(isPayer ? recordSchema.parse(row.secret) : {}),
    receiptHash: row.hash,
    signature: row.signature,
    status: row.status,
    ...(row.batchIndex === null ? {} : { batchIndex: row.batchIndex }),
  });
}

/** The same as it travels: amounts as decimal strings. */
export function bundleJson(row: ReceiptRow, isPayer: boolean): unknown {
  return z.encode(receiptBundleSchema, bundleOf(row, isPayer));
}
