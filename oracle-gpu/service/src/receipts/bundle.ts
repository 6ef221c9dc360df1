import { quotedRows } from '@openledger/sdk';
import type { receipts } from '../db/schema.ts';
import type { LoadedRelease, Releases } from '../releases.ts';
import { wholeBundle } from './evidence.ts';

type StoredReceipt = typeof receipts.$inferSelect;
/** `bundle`: the public part as it travels, JSON text. A new receipt has no reason yet. */
export type ReceiptRow = Omit<StoredReceipt, 'reason' | 'bundle'> &
  Partial<Pick<StoredReceipt, 'reason'>> & { bundle: string; quoted: readonly { position: number }[] };

/**
 * A stored receipt as the bundle that travels, JSON text (`receiptBundleSchema` of the SDK reads it); what only the
 * payer may see is left out unless `isPayer`. The release and the places of quoted records in its index are the same for
 * each of its answers: they are not stored with the receipt, and are text already.
 */
export function bundleText(row: ReceiptRow, release: LoadedRelease, isPayer: boolean): string {
  const rest = JSON.stringify({
    ...(isPayer ? (row.secret as Record<string, unknown>) : {}),
    ...(isPayer && row.query ? { query: row.query } : {}),
    receiptHash: row.hash,
    signature: row.signature,
    status: row.status,
    ...(row.reason ? { reason: row.reason } : {}),
    ...(row.batchIndex === null ? {} : { batchIndex: row.batchIndex }),
  });
  const quoted = row.quoted.map(({ position }) => release.rowText(position));
  const proofs = quoted.map(({ proof }) => proof).join(',');
  const records = quoted.map(({ record }) => record).join(',');
  return `${row.bundle.slice(0, -1)},${rest.slice(1, -1)},"indexProofs":[${proofs}],"release":${release.text},"records":[${records}]}`;
}

/** The same, of a receipt of any release as the database has it. */
export async function openBundle(releases: Releases, row: StoredReceipt, isPayer: boolean): Promise<string> {
  const release = await releases.ofReceipt(row.releaseHash);
  const bundle = wholeBundle(release, row.bundle);
  return bundleText({ ...row, bundle: JSON.stringify(bundle), quoted: quotedRows(bundle.evidence) }, release, isPayer);
}

/** What an answer says of its receipt, whatever became of it since. */
export const whenAnswered = { status: 'signed', batchIndex: null, reason: null } as const;
