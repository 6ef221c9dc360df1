import {
  type Address,
  type Hex,
  hashStruct,
  hashTypedData,
  type LocalAccount,
  recoverTypedDataAddress,
  type TypedDataDomain,
} from 'viem';
import { z } from 'zod';
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

/** The receipt's name and its data in tree 1: the EIP-712 struct hash, independent of the domain. */
export function receiptHash(receipt: Receipt): Hex {
  return hashStruct({ data: receipt, primaryType: 'Receipt', types: receiptTypes });
}

/** What the operator signs (`domain`: openLedgerDomain of the Settlement). */
export function receiptDigest(receipt: Receipt, domain: TypedDataDomain): Hex {
  return hashTypedData(receiptTypedData(receipt, domain));
}

export function signReceipt(account: LocalAccount, receipt: Receipt, domain: TypedDataDomain): Promise<Hex> {
  return account.signTypedData(receiptTypedData(receipt, domain));
}

export function recoverReceiptSigner(receipt: Receipt, signature: Hex, domain: TypedDataDomain): Promise<Address> {
  return recoverTypedDataAddress({ ...receiptTypedData(receipt, domain), signature });
}
