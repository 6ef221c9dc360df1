import type { Hex, LocalAccount, TypedDataDomain } from 'viem';
import { z } from 'zod';
import { hexSchema, uint32Schema } from '../schema/primitives.ts';

/** A requester's word that a training is to stop. The document names the job too: after a reorganisation its number may be another's. */
export const cancelJobSchema = z.strictObject({ jobId: uint32Schema, specCid: z.string().min(1).max(128) });
export const signedCancelJobSchema = cancelJobSchema.extend({ signature: hexSchema });

export type CancelJob = z.infer<typeof cancelJobSchema>;
export type SignedCancelJob = z.infer<typeof signedCancelJobSchema>;

export const cancelJobTypes = {
  CancelJob: [
    { name: 'jobId', type: 'uint32' },
    { name: 'specCid', type: 'string' },
  ],
} as const;

/** As EIP-712 typed data, for wallets that sign it (`domain`: openLedgerDomain of TrainingJobs). */
export function cancelJobTypedData({ jobId, specCid }: CancelJob, domain: TypedDataDomain) {
  return { domain, types: cancelJobTypes, primaryType: 'CancelJob', message: { jobId, specCid } } as const;
}

export function signCancelJob(account: LocalAccount, cancel: CancelJob, domain: TypedDataDomain): Promise<Hex> {
  return account.signTypedData(cancelJobTypedData(cancel, domain));
}
