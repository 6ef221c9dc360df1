import {
  contractAddress,
  contributionVotesAbi,
  delegationArgs,
  delegationTypedData,
  openTokenAbi,
  type SignedDelegation,
} from '@openledger/sdk';
import { encodeFunctionData, erc20Abi, type Hash, isAddressEqual, recoverTypedDataAddress } from 'viem';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import { relay } from './relay.ts';

/**
 * Carries a signed delegation to the chain at this operator's gas, for who has votes in that source.
 * @param takeTurn counts the delegator's relays; throws when there were too many
 * @returns hash of the transaction, which may be in no block yet; the same of a delegation that is on its way already
 */
export async function relayDelegation(
  { chain, config, outbox }: Pick<Context, 'chain' | 'config' | 'outbox'>,
  delegation: SignedDelegation,
  takeTurn: (account: string) => void,
): Promise<Hash> {
  const { client } = chain;
  const { source, delegator, signature, expiry } = delegation;
  const address = contractAddress(config.deployment, source);
  // Both speak IVotes and ERC-5805 alike.
  const votes = { address, abi: contributionVotesAbi } as const;
  const [nonce, { timestamp }, units] = await Promise.all([
    client.readContract({ ...votes, functionName: 'nonces', args: [delegator] }),
    client.getBlock(),
    source === 'OpenToken'
      ? client.readContract({ address, abi: erc20Abi, functionName: 'balanceOf', args: [delegator] })
      : client.readContract({ ...votes, functionName: 'votingUnits', args: [delegator] }),
  ]);
  if (timestamp > BigInt(expiry))
    throw new ServiceError(400, 'delegation_expired', 'The delegation is no longer good: sign it again.', { expiry });
  if (delegation.nonce !== nonce)
    throw new ServiceError(
      409,
      'wrong_nonce',
      `The delegation has the nonce ${delegation.nonce}, the next one is ${nonce}: sign it again.`,
      { nonce: nonce.toString() },
    );
  const signer = await recoverTypedDataAddress({ ...delegationTypedData(delegation, config.deployment), signature }).catch(
    () => undefined,
  );
  if (!signer || !isAddressEqual(signer, delegator))
    throw new ServiceError(
      401,
      'invalid_signature',
      `The signature is not ${delegator}'s of this delegation: let its wallet sign it. A contract has to send a transaction.`,
    );
  if (units === 0n)
    throw new ServiceError(403, 'no_votes', `${delegator} has no votes in ${source}, so there is nothing to delegate yet.`);

  const data = encodeFunctionData({
    abi: openTokenAbi,
    functionName: 'delegateBySig',
    args: delegationArgs(delegation),
  });
  return relay(
    outbox,
    { account: delegator, purpose: `delegate ${source} ${delegator.toLowerCase()}`, to: address, data },
    takeTurn,
  );
}
