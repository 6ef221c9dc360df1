import {
  ballotParams,
  ballotTypedData,
  governorDomain,
  kindOfGovernor,
  openGovernorAbi,
  type SignedBallot,
} from '@openledger/sdk';
import { type Address, BaseError, ContractFunctionRevertedError, encodeFunctionData, type Hash } from 'viem';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import { relay } from './relay.ts';

/** States of IGovernor in which there is nothing to vote on yet, and in which there is. */
const pending = 0;
const active = 1;

/**
 * Carries a signed vote to the chain at this operator's gas. What the chain would refuse is refused before, in words: unknown,
 * not yet open, ended, cast already, expired, signed by another or for another nonce, without power.
 * @param takeTurn counts the voter's relays; throws when there were too many
 * @returns hash of the transaction, which may be in no block yet; the same of a vote that is on its way already
 */
export async function relayVote(
  { chain, config, outbox }: Pick<Context, 'chain' | 'config' | 'outbox'>,
  ballot: SignedBallot,
  takeTurn: (account: string) => void,
): Promise<Hash> {
  const { client } = chain;
  const kind = kindOfGovernor(config.deployment, ballot.governor);
  if (!kind)
    throw new ServiceError(404, 'governor_not_found', `There is no governor at ${ballot.governor}: name one of the five.`);
  const governor = { address: ballot.governor, abi: openGovernorAbi } as const;
  const { proposalId, voter } = ballot;

  const [state, snapshot, end, hasVoted, nonce, { timestamp }] = await readState();
  const present = Number(timestamp);
  if (state === pending)
    throw new ServiceError(409, 'vote_not_open', `Voting begins at ${iso(snapshot)}: send the vote after that.`, {
      begins: Number(snapshot),
    });
  if (state !== active)
    throw new ServiceError(409, 'vote_ended', `Voting ended at ${iso(end)}: nothing was cast.`, { ended: Number(end) });
  if (hasVoted) throw new ServiceError(409, 'already_voted', `${voter} has voted on this proposal, and a vote stays.`);
  if (present > ballot.deadline)
    throw new ServiceError(400, 'ballot_expired', `The ballot was good until ${iso(BigInt(ballot.deadline))}: sign it again.`);
  if (ballot.nonce !== nonce)
    throw new ServiceError(
      409,
      'wrong_nonce',
      `The ballot has the nonce ${ballot.nonce}, the next one is ${nonce}: sign it again.`,
      {
        nonce: nonce.toString(),
      },
    );
  const typed = ballotTypedData(ballot, governorDomain(config.deployment, kind));
  if (!(await isSignedBy(voter)))
    throw new ServiceError(401, 'invalid_signature', `The signature is not ${voter}'s of this ballot: let the voter sign it.`);
  const power = await client.readContract({ ...governor, functionName: 'getVotes', args: [voter, snapshot] });
  if (power === 0n)
    throw new ServiceError(
      403,
      'no_power',
      `${voter} had no power when voting began (${iso(snapshot)}), so the vote would count nothing.`,
    );

  const data = encodeFunctionData({
    abi: openGovernorAbi,
    functionName: 'castVoteWithReasonAndParamsBySig',
    args: [proposalId, ballot.support, voter, ballot.reason, ballotParams(ballot), ballot.signature],
  });
  const purpose = `vote ${ballot.governor.toLowerCase()} ${proposalId} ${voter.toLowerCase()}`;
  return relay(outbox, { account: voter, purpose, to: ballot.governor, data }, takeTurn);

  function readState() {
    const read = { ...governor, args: [proposalId] } as const;
    return Promise.all([
      client.readContract({ ...read, functionName: 'state' }).catch(unknownProposal),
      client.readContract({ ...read, functionName: 'proposalSnapshot' }),
      client.readContract({ ...read, functionName: 'proposalDeadline' }),
      client.readContract({ ...governor, functionName: 'hasVoted', args: [proposalId, voter] }),
      client.readContract({ ...governor, functionName: 'nonces', args: [voter] }),
      client.getBlock(),
    ]);
  }

  function unknownProposal(error: unknown): never {
    const reverted = error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError);
    if (!reverted) throw error;
    throw new ServiceError(404, 'proposal_not_found', `The governor of kind ${kind} has no proposal ${proposalId}.`);
  }

  /** A wallet's signature, or a contract's (ERC-1271). */
  function isSignedBy(address: Address): Promise<boolean> {
    return client.verifyTypedData({ address, ...typed, signature: ballot.signature }).catch(() => false);
  }
}

const iso = (seconds: bigint): string =>
  seconds < 8_640_000_000_000n ? new Date(Number(seconds) * 1000).toISOString() : `${seconds}`;
