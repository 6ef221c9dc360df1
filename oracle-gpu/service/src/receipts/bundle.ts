import type { receipts } from '../db/schema.ts';

export type ReceiptRow = typeof receipts.$inferSelect;

/**
 * A stored receipt as the bundle that travels (`receiptBundleSchema` of the SDK reads it); what only the payer may see
 * is left out unless `isPayer`. It was checked when it was made: here it is only put together.
 */
export function bundleJson(row: ReceiptRow, isPayer: boolean): Record<string, unknown> {
  return {
    ...(row.bundle as Record<string, unknown>),
    ...(isPayer ? (row.secret as Record<string, unknown>) : {}),
    receiptHash: row.hash,
    signature: row.signature,
    status: row.status,
    ...(row.batchIndex === null ? {} : { batchIndex: row.batchIndex }),
  };
}
