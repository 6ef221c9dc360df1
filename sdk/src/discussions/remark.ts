import { type Address, type Hex, hashTypedData, type LocalAccount, recoverTypedDataAddress } from 'viem';
import { z } from 'zod';
import { addressSchema, amountSchema, bytes32Schema, hexSchema, uint32Schema } from '../schema/primitives.ts';

/** Longest message, in UTF-16 units of its Markdown. */
export const longestRemark = 10_000;

/** What is talked about: a proposal, by the contract that numbers it (a governor, or ModelProposals) and its number there. */
export const subjectSchema = z.strictObject({
  contract: addressSchema,
  proposalId: amountSchema.refine((id) => id < 2n ** 256n, 'must fit in 256 bits'),
});

/** A message of a discussion. `parent`: hash of the message that it answers, 0 for none. `timestamp`: Unix seconds, as the author says. */
export const remarkSchema = subjectSchema.extend({
  author: addressSchema,
  parent: bytes32Schema,
  timestamp: uint32Schema,
  text: z
    .string()
    .max(longestRemark)
    .refine((text) => text.trim() !== '', 'must say something')
    .refine((text) => !text.includes('\0'), 'contains a NUL')
    .refine((text) => text.isWellFormed(), 'contains half of a surrogate pair, which has no UTF-8 form'),
});

export const signedRemarkSchema = remarkSchema.extend({ signature: hexSchema });

export type Subject = z.infer<typeof subjectSchema>;
export type Remark = z.infer<typeof remarkSchema>;
export type SignedRemark = z.infer<typeof signedRemarkSchema>;

export const remarkTypes = {
  Remark: [
    { name: 'proposalId', type: 'uint256' },
    { name: 'author', type: 'address' },
    { name: 'parent', type: 'bytes32' },
    { name: 'timestamp', type: 'uint64' },
    { name: 'text', type: 'string' },
  ],
} as const;

/** The message as EIP-712 typed data. Its domain names chain and contract, so that it belongs to one proposal of one chain. */
export function remarkTypedData({ contract, proposalId, author, parent, timestamp, text }: Remark, chainId: number) {
  // in lower case, so that no spelling of an address changes what is signed or fails to be
  const verifyingContract = contract.toLowerCase() as Address;
  const domain = { name: 'OpenLedger Discussions', version: '1', chainId, verifyingContract };
  const message = { proposalId, author: author.toLowerCase() as Address, parent, timestamp: BigInt(timestamp), text };
  return { domain, types: remarkTypes, primaryType: 'Remark', message } as const;
}

/** What names a message, and what its answers point to. */
export function hashRemark(message: Remark, chainId: number): Hex {
  return hashTypedData(remarkTypedData(message, chainId));
}

export function signRemark(account: LocalAccount, message: Remark, chainId: number): Promise<Hex> {
  return account.signTypedData(remarkTypedData(message, chainId));
}

/** Whether contract wallets sign it is asked of the chain; a viem public client has this. */
export type ContractVerifier = (
  typed: ReturnType<typeof remarkTypedData> & { address: Address; signature: Hex },
) => Promise<boolean>;

/** Whether the author signed it: by its key, or, if `byContract` is given, as a contract does (ERC-1271). */
export async function isSignedRemark(
  { signature, ...message }: SignedRemark,
  chainId: number,
  byContract?: ContractVerifier,
): Promise<boolean> {
  const typed = remarkTypedData(message, chainId);
  const signer = await recoverTypedDataAddress({ ...typed, signature }).catch(() => undefined);
  if (signer?.toLowerCase() === message.author.toLowerCase()) return true;
  return byContract?.({ ...typed, address: message.author, signature }).catch(() => false) ?? false;
}
