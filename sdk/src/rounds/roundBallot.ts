import { type Address, encodeAbiParameters, type Hex } from 'viem';
import { keccak } from '../schema/keccak.ts';

/** As a ballot counts them: two bits for each question, the first in the lowest. 0 is no judgement. */
export const preferences = ['left', 'right', 'tie'] as const;
export type Preference = (typeof preferences)[number];

/** What a judgement is bound to, so that nobody can use another's. */
export type RoundSeat = { chainId: number; rounds: Address; roundId: number; judge: Address };

/** The number that a judge reveals. */
export function packBallot(choices: readonly Preference[]): bigint {
  return choices.reduce((ballot, choice, at) => ballot | (BigInt(preferences.indexOf(choice) + 1) << BigInt(2 * at)), 0n);
}

/** What a revealed number says of each question. Throws where one is not judged. */
export function unpackBallot(ballot: bigint, questions: number): Preference[] {
  return Array.from({ length: questions }, (_, at) => {
    const choice = preferences[Number((ballot >> BigInt(2 * at)) & 3n) - 1];
    if (!choice) throw new Error(`The ballot leaves question ${at + 1} out: it is none that the contract takes.`);
    return choice;
  });
}

const parameters = ['uint256', 'address', 'uint32', 'address', 'uint256', 'bytes32'].map((type) => ({ type }));

/** What a judge commits to, as `EvaluationRounds.commitmentOf`. */
export function judgementCommitment({ chainId, rounds, roundId, judge }: RoundSeat, ballot: bigint, salt: Hex): Hex {
  return keccak(encodeAbiParameters(parameters, [BigInt(chainId), rounds, roundId, judge, ballot, salt]));
}
