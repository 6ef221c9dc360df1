import { type Address, type Hex, hashTypedData, recoverTypedDataAddress, type TypedDataDomain } from 'viem';
import { z } from 'zod';
import { addressSchema, amountSchema, bytes32Schema, hexSchema } from '../schema/primitives.ts';
import { type Voucher, voucherSchema } from '../settlement/voucher.ts';

/** Name of the x402 scheme that pays a call from a channel. */
export const voucherScheme = 'openledger-voucher';

/** x402's name of a chain (CAIP-2). */
export const networkOf = (chainId: number): `eip155:${number}` => `eip155:${chainId}`;

/**
 * What a voucher signature alone does not say: that this very request is to be paid. Vouchers become public when they are
 * settled; this one keeps others from spending what is left under them.
 */
export type PaidCall = { channel: Hex; request: Hex; nonce: Hex };

const types = {
  PaidCall: [
    { name: 'channel', type: 'bytes32' },
    { name: 'request', type: 'bytes32' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const;

/** The call as EIP-712 typed data (`domain`: openLedgerDomain of the PaymentEscrow). */
export function paidCallTypedData(call: PaidCall, domain: TypedDataDomain) {
  return { domain, types, primaryType: 'PaidCall', message: call } as const;
}

/** Names a call: the same header sent twice is the same call. */
export function hashPaidCall(call: PaidCall, domain: TypedDataDomain): Hex {
  return hashTypedData(paidCallTypedData(call, domain));
}

export function recoverPaidCallSigner(call: PaidCall, signature: Hex, domain: TypedDataDomain): Promise<Address> {
  return recoverTypedDataAddress({ ...paidCallTypedData(call, domain), signature });
}

const signatureSchema = hexSchema.refine((value) => value.length === 132, 'must be a signature of 65 bytes');

/** `payload` of a payment by voucher. */
export const voucherPaymentSchema = z.object({
  voucher: voucherSchema,
  signature: signatureSchema,
  nonce: bytes32Schema,
  callSignature: signatureSchema,
});

/** What a gateway last accepted of a channel; amounts in wei. */
export const channelStateSchema = z.looseObject({
  payer: addressSchema,
  signer: addressSchema,
  cumulativeCeiling: amountSchema,
  maxSequence: z.int(),
  app: addressSchema,
  appMarkupBps: z.int(),
  expiry: z.int(),
  signature: hexSchema,
  spent: amountSchema,
  reserved: amountSchema,
});
export type ChannelState = z.infer<typeof channelStateSchema>;

/** `extra` of an offer to be paid by voucher. `request` is the hash of the request's body, `state` answers a payment that fell short. */
export const voucherOfferSchema = z.looseObject({
  operator: addressSchema,
  escrow: addressSchema,
  request: bytes32Schema,
  state: channelStateSchema.optional(),
});

/** The voucher that a channel's state speaks of. */
export function voucherOf(state: ChannelState, operator: Address): Voucher {
  const { payer, signer, cumulativeCeiling, maxSequence, app, appMarkupBps, expiry } = state;
  return { payer, operator, signer, cumulativeCeiling, maxSequence, app, appMarkupBps, expiry };
}
