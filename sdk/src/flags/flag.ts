import { type Address, type Hex, type LocalAccount, recoverTypedDataAddress, type TypedDataDomain } from 'viem';
import { z } from 'zod';
import { addressSchema, bytes32Schema, hexSchema, int32Schema, uint32Schema } from '../schema/primitives.ts';

/** What a reader can find wrong with an answer, or with a record behind it. */
export const flagReasons = ['false', 'not_in_source', 'copied', 'harmful', 'personal_data', 'other'] as const;

/** `recordId` 0 means the answer as a whole. `disclose`: whether reviewers may read question and answer. */
export const flagSchema = z.strictObject({
  receiptHash: bytes32Schema,
  recordId: bytes32Schema,
  reason: z.enum(flagReasons),
  note: z
    .string()
    .max(1_000)
    .refine((text) => text.isWellFormed(), 'contains half of a surrogate pair, which has no UTF-8 form'),
  disclose: z.boolean(),
});

export const signedFlagSchema = flagSchema.extend({ signature: hexSchema });

export type Flag = z.infer<typeof flagSchema>;
export type SignedFlag = z.infer<typeof signedFlagSchema>;

export const flagTypes = {
  Flag: [
    { name: 'receiptHash', type: 'bytes32' },
    { name: 'recordId', type: 'bytes32' },
    { name: 'reason', type: 'string' },
    { name: 'note', type: 'string' },
    { name: 'disclose', type: 'bool' },
  ],
} as const;

/** The flag as EIP-712 typed data, for wallets that sign it (`domain`: openLedgerDomain of the Settlement, as receipts). */
export function flagTypedData({ receiptHash, recordId, reason, note, disclose }: Flag, domain: TypedDataDomain) {
  return { domain, types: flagTypes, primaryType: 'Flag', message: { receiptHash, recordId, reason, note, disclose } } as const;
}

export function signFlag(account: LocalAccount, flag: Flag, domain: TypedDataDomain): Promise<Hex> {
  return account.signTypedData(flagTypedData(flag, domain));
}

export function recoverFlagSigner(flag: Flag, signature: Hex, domain: TypedDataDomain): Promise<Address> {
  return recoverTypedDataAddress({ ...flagTypedData(flag, domain), signature });
}

/** A flag as a datanet's reviewers see it, with what the receipt says of the datanet's records. */
export const datanetFlagSchema = z.object({
  id: z.string(),
  receiptHash: bytes32Schema,
  /** Null: the answer as a whole. */
  recordId: bytes32Schema.nullable(),
  reason: z.enum(flagReasons),
  note: z.string(),
  /** Unix seconds. */
  created: z.int(),
  flaggedBy: addressSchema,
  /** Only where the reader lets reviewers read them. */
  question: z.string().nullable(),
  answer: z.string().nullable(),
  /** The datanet's records behind the answer; `support` per 10,000 of those that it was given as sources. */
  records: z.array(
    z.object({
      recordId: bytes32Schema,
      title: z.string(),
      contributor: addressSchema,
      channel: z.enum(['influence', 'retrieval']),
      score: int32Schema.nullable(),
      support: uint32Schema.nullable(),
    }),
  ),
});

export type DatanetFlag = z.infer<typeof datanetFlagSchema>;
