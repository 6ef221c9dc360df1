import { type Hex, type LocalAccount, parseSignature, type TypedDataDomain } from 'viem';
import { z } from 'zod';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { addressSchema, amountSchema, hexSchema } from '../schema/primitives.ts';

/** Contracts whose votes make power, and their names in EIP-712. */
export const voteSources = { OpenToken: 'OpenLedger', ContributionVotes: 'OpenLedger Contribution Votes' } as const;
export type VoteSource = keyof typeof voteSources;

/** A delegation that somebody else may carry to the chain until `expiry` (Unix seconds). */
export const delegationSchema = z.strictObject({
  source: z.enum(['OpenToken', 'ContributionVotes']),
  delegatee: addressSchema,
  /** The delegator's next nonce in that contract. */
  nonce: amountSchema,
  expiry: z.int().min(0),
});

export const signedDelegationSchema = delegationSchema.extend({
  delegator: addressSchema,
  signature: hexSchema.refine((bytes) => bytes.length === 132, 'must be a signature of 65 bytes'),
});

export type Delegation = z.infer<typeof delegationSchema>;
export type SignedDelegation = z.infer<typeof signedDelegationSchema>;

/** OpenZeppelin's Votes. */
export const delegationTypes = {
  Delegation: [
    { name: 'delegatee', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'expiry', type: 'uint256' },
  ],
} as const;

/** The delegation as EIP-712 typed data, for wallets that sign it. */
export function delegationTypedData(
  { source, delegatee, nonce, expiry }: Delegation,
  deployment: Pick<Deployment, 'contracts' | 'chainId'>,
) {
  const domain: TypedDataDomain = {
    name: voteSources[source],
    version: '1',
    chainId: deployment.chainId,
    verifyingContract: contractAddress(deployment, source),
  };
  const message = { delegatee, nonce, expiry: BigInt(expiry) };
  return { domain, types: delegationTypes, primaryType: 'Delegation', message } as const;
}

export function signDelegation(
  account: LocalAccount,
  delegation: Delegation,
  deployment: Pick<Deployment, 'contracts' | 'chainId'>,
): Promise<Hex> {
  return account.signTypedData(delegationTypedData(delegation, deployment));
}

/** What `delegateBySig` takes. Throws when the signature has no such form. */
export function delegationArgs({ delegatee, nonce, expiry, signature }: SignedDelegation) {
  const { r, s, yParity } = parseSignature(signature);
  return [delegatee, nonce, BigInt(expiry), 27 + yParity, r, s] as const;
}
