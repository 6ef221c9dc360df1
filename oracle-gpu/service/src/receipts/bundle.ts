import { z } from 'zod';
import type { receipts } from '../db/schema.ts';
import type { LoadedRelease, Releases } from '../releases.ts';

type StoredReceipt = typeof receipts.$inferSelect;
/** A new one has no reason yet. */
export type ReceiptRow = Omit<StoredReceipt, 'reason'> & Partial<Pick<StoredReceipt, 'reason'>>;

const evidenceOf = z.looseObject({ evidence: z.looseObject({ records: z.array(z.looseObject({ position: z.int() })) }) });

/**
 * A stored receipt as the bundle that travels, JSON text (`receiptBundleSchema` of the SDK reads it); what only the
 * payer may see is left out unless `isPayer`. The release and the places of quoted records in its index are the same for
 * each of its answers: they are not stored with the receipt, and are text already.
 */
export function bundleText(row: ReceiptRow, release: LoadedRelease, isPayer: boolean): string {
  const own = JSON.stringify({
    ...(row.bundle as Record<string, unknown>),
    ...(isPayer ? (row.secret as Record<string, unknown>) : {}),
    ...(isPayer && row.query ? { query: row.query } : {}),
    receiptHash: row.hash,
    signature: row.signature,
    status: row.status,
    ...(row.reason ? { reason: row.reason } : {}),
    ...(row.batchIndex === null ? {} : { batchIndex: row.batchIndex }),
  });
  const quoted = evidenceOf.parse(row.bundle).evidence.records.map(({ position }) => release.rowText(position));
  const proofs = quoted.map(({ proof }) => proof).join(',');
  const records = quoted.map(({ record }) => record).join(',');
  return `${own.slice(0, -1)},"indexProofs":[${proofs}],"release":${release.text},"records":[${records}]}`;
}

/** The same, of a receipt of any release. */
export async function openBundle(releases: Releases, row: ReceiptRow, isPayer: boolean): Promise<string> {
  const release = await releases.load(row.releaseHash);
  if (!release) throw new Error(`Release ${row.releaseHash} of a stored receipt is gone: restore the database.`);
  return bundleText(row, release, isPayer);
}

/** What an answer says of its receipt, whatever became of it since. */
export const whenAnswered = { status: 'signed', batchIndex: null, reason: null } as const;
