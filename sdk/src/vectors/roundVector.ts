import type { Address, Hex } from 'viem';
import { assignmentHash, assignmentOf } from '../rounds/assignment.ts';
import { judgementCommitment, packBallot, preferences } from '../rounds/roundBallot.ts';

const QUESTIONS = 100;

/** A judgement of as many questions as a round can have, and on which side its salt puts each answer. */
export function roundVector(judge: Address, salt: Hex): object {
  const seat = { chainId: 31_337, rounds: '0x000000000000000000000000000000000000c0de', roundId: 7, judge } as const;
  const ballot = packBallot(Array.from({ length: QUESTIONS }, (_, at) => preferences[(at * at) % 3] ?? 'tie'));
  return {
    ...seat,
    ballot: ballot.toString(),
    salt,
    commitment: judgementCommitment(seat, ballot, salt),
    assignmentHash: assignmentHash(salt),
    isLeftA: Array.from({ length: QUESTIONS }, (_, at) => assignmentOf(salt, at) === 'A'),
  };
}
