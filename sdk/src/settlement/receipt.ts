import {
  type Address,
  concatHex,
  domainSeparator,
  type Hex,
  type LocalAccount,
  numberToHex,
  recoverTypedDataAddress,
  stringToHex,
  type TypedDataDomain,
} from 'viem';
import { z } from 'zod';
import { keccak } from '../schema/keccak.ts';
import { amountSchema, bytes32Schema, uint32Schema } from '../schema/primitives.ts';

/** An operator's statement about one answer: who, what, how much, who is owed. */
export const receiptSchema = z.strictObject({
  channel: bytes32Schema,
  sequence: uint32Schema,
  compositionHash: bytes32Schema,
  promptTokens: uint32Schema,
  completionTokens: uint32Schema,
  retrievalTokens: uint32Schema,
  agentSteps: uint32Schema,
  fee: amountSchema,
  feeVersion: uint32Schema,
  promptHash: bytes32Schema,
  outputHash: bytes32Schema,
  evidenceHash: bytes32Schema,
  allocationHash: bytes32Schema,
  traceHash: bytes32Schema,
  parentReceipt: bytes32Schema,
  timestamp: uint32Schema,
});

export type Receipt = z.infer<typeof receiptSchema>;

export const receiptTypes = {
  Receipt: [
    { name: 'channel', type: 'bytes32' },
    { name: 'sequence', type: 'uint32' },
    { name: 'compositionHash', type: 'bytes32' },
    { name: 'promptTokens', type: 'uint32' },
    { name: 'completionTokens', type: 'uint32' },
    { name: 'retrievalTokens', type: 'uint32' },
    { name: 'agentSteps', type: 'uint32' },
    { name: 'fee', type: 'uint96' },
    { name: 'feeVersion', type: 'uint32' },
    { name: 'promptHash', type: 'bytes32' },
    { name: 'outputHash', type: 'bytes32' },
    { name: 'evidenceHash', type: 'bytes32' },
    { name: 'allocationHash', type: 'bytes32' },
    { name: 'traceHash', type: 'bytes32' },
    { name: 'parentReceipt', type: 'bytes32' },
    { name: 'timestamp', type: 'uint32' },
  ],
} as const;

function receiptTypedData(receipt: Receipt, domain: TypedDataDomain) {
  return { domain, types: receiptTypes, primaryType: 'Receipt', message: receipt } as const;
}

const fields = receiptTypes.Receipt.map(({ name, type }) => ({ name, bytes: bytesOf(type) }));
const typeHash = keccak(stringToHex(`Receipt(${receiptTypes.Receipt.map(({ name, type }) => `${type} ${name}`).join(',')})`));

function bytesOf(type: 'bytes32' | 'uint32' | 'uint96'): number {
  return { bytes32: 32, uint32: 4, uint96: 12 }[type];
}

/**
 * The receipt's name and its data in tree 1: the EIP-712 struct hash, independent of the domain. Every field is a static
 * word, so it is written out here: a batch hashes a thousand of them, and a general encoder takes ten times as long.
 */
export function receiptHash(receipt: Receipt): Hex {
  const words = fields.map(({ name, bytes }) => {
    const value = receipt[name];
    if (typeof value === 'string') return value;
    return `0x${'00'.repeat(32 - bytes)}${numberToHex(value, { size: bytes }).slice(2)}` as Hex; // throws when it does not fit
  });
  return keccak(concatHex([typeHash, ...words]));
}

/** What the operator signs (`domain`: openLedgerDomain of the Settlement). */
export function receiptDigest(receipt: Receipt, domain: TypedDataDomain): Hex {
  return receiptDigestIn(domainSeparator({ domain }), receiptHash(receipt));
}

/** The digests of many receipts of one domain. */
export function receiptDigests(receipts: readonly Receipt[], domain: TypedDataDomain): Hex[] {
  const separator = domainSeparator({ domain });
  return receipts.map((receipt) => receiptDigestIn(separator, receiptHash(receipt)));
}

/** What the operator signs, of a domain's separator and a receipt's hash: keccak(0x1901 ‖ separator ‖ hash), EIP-712. */
export function receiptDigestIn(separator: Hex, structHash: Hex): Hex {
  return keccak(concatHex(['0x1901', separator, structHash]));
}

export function signReceipt(account: LocalAccount, receipt: Receipt, domain: TypedDataDomain): Promise<Hex> {
  return account.signTypedData(receiptTypedData(receipt, domain));
}

export function recoverReceiptSigner(receipt: Receipt, signature: Hex, domain: TypedDataDomain): Promise<Address> {
  return recoverTypedDataAddress({ ...receiptTypedData(receipt, domain), signature });
}
