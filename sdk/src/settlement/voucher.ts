import { type Address, type Hex, hashTypedData, type LocalAccount, recoverTypedDataAddress, type TypedDataDomain } from 'viem';
import { z } from 'zod';
import { addressSchema, amountSchema, uint32Schema } from '../schema/primitives.ts';

/** A payer's authorisation to one operator to collect up to a cumulative ceiling. */
export const voucherSchema = z.strictObject({
  payer: addressSchema,
  operator: addressSchema,
  signer: addressSchema,
  cumulativeCeiling: amountSchema,
  maxSequence: uint32Schema,
  app: addressSchema,
  appMarkupBps: z.int().min(0).max(0xffff),
  expiry: uint32Schema,
});

export type Voucher = z.infer<typeof voucherSchema>;

export const voucherTypes = {
  Voucher: [
    { name: 'payer', type: 'address' },
    { name: 'operator', type: 'address' },
    { name: 'signer', type: 'address' },
    { name: 'cumulativeCeiling', type: 'uint96' },
    { name: 'maxSequence', type: 'uint32' },
    { name: 'app', type: 'address' },
    { name: 'appMarkupBps', type: 'uint16' },
    { name: 'expiry', type: 'uint32' },
  ],
} as const;

/** The voucher as EIP-712 typed data, for wallets that sign it (`domain`: openLedgerDomain of the PaymentEscrow). */
export function voucherTypedData(voucher: Voucher, domain: TypedDataDomain) {
  return { domain, types: voucherTypes, primaryType: 'Voucher', message: voucher } as const;
}

export function hashVoucher(voucher: Voucher, domain: TypedDataDomain): Hex {
  return hashTypedData(voucherTypedData(voucher, domain));
}

export function signVoucher(account: LocalAccount, voucher: Voucher, domain: TypedDataDomain): Promise<Hex> {
  return account.signTypedData(voucherTypedData(voucher, domain));
}

export function recoverVoucherSigner(voucher: Voucher, signature: Hex, domain: TypedDataDomain): Promise<Address> {
  return recoverTypedDataAddress({ ...voucherTypedData(voucher, domain), signature });
}
