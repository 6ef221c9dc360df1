import { encodeAbiParameters, type Hex, type LocalAccount, type TypedDataDomain } from 'viem';
import { z } from 'zod';
import { addressSchema, amountSchema, hexSchema } from '../schema/primitives.ts';

/** As IGovernor counts. */
export const supports = { against: 0, for: 1, abstain: 2 } as const;

/** Longest reason that is relayed, in bytes of UTF-8: what it costs to put on the chain grows with it. */
export const longestReason = 1_000;

/** A vote that somebody else may carry to the chain until `deadline` (Unix seconds), which the governor checks. */
export const ballotSchema = z.strictObject({
  governor: addressSchema,
  proposalId: amountSchema,
  support: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  voter: addressSchema,
  /** The voter's next nonce in that governor. */
  nonce: amountSchema,
  reason: z
    .string()
    .refine((text) => text.isWellFormed(), 'contains half of a surrogate pair, which has no UTF-8 form')
    .refine((text) => new TextEncoder().encode(text).length <= longestReason, `must be ${longestReason} bytes at most`),
  deadline: z.int().min(0),
});

export const signedBallotSchema = ballotSchema.extend({ signature: hexSchema });

export type Ballot = z.infer<typeof ballotSchema>;
export type SignedBallot = z.infer<typeof signedBallotSchema>;

/** OpenZeppelin's Governor. */
export const ballotTypes = {
  ExtendedBallot: [
    { name: 'proposalId', type: 'uint256' },
    { name: 'support', type: 'uint8' },
    { name: 'voter', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'reason', type: 'string' },
    { name: 'params', type: 'bytes' },
  ],
} as const;

/** The deadline as the governor reads it: what a ballot carries as its `params`. */
export function ballotParams({ deadline }: Pick<Ballot, 'deadline'>): Hex {
  return encodeAbiParameters([{ type: 'uint256' }], [BigInt(deadline)]);
}

/** The ballot as EIP-712 typed data, for wallets that sign it (`domain`: governorDomain of its kind). */
export function ballotTypedData(ballot: Ballot, domain: TypedDataDomain) {
  const { proposalId, support, voter, nonce, reason } = ballot;
  const message = { proposalId, support, voter, nonce, reason, params: ballotParams(ballot) };
  return { domain, types: ballotTypes, primaryType: 'ExtendedBallot', message } as const;
}

export function signBallot(account: LocalAccount, ballot: Ballot, domain: TypedDataDomain): Promise<Hex> {
  return account.signTypedData(ballotTypedData(ballot, domain));
}
