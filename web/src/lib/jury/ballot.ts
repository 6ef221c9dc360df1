import { type Address, encodeAbiParameters, type Hex, keccak256 } from 'viem';

/** The contract's numbers of votes. */
export const VOTES = { GUILTY: 1, INNOCENT: 2 } as const;
export type Choice = keyof typeof VOTES;

/** A seat: what a vote is bound to. */
export type Seat = { chainId: number; jury: Address; caseId: number; round: number; juror: Address };

/**
 * What the wallet signs to make a ballot's salt. The same wallet signs the same text alike, so the salt can be made
 * again in any browser until the vote is revealed; whoever gets this signature before can read the commitment.
 */
export function saltMessage({ chainId, jury, caseId, round }: Seat): string {
  return [
    'OpenLedger jury: seal my vote',
    '',
    `Case ${caseId}, round ${round}, jury ${jury.toLowerCase()}, chain ${chainId}.`,
    'Sign this only where you vote: it opens your sealed vote.',
  ].join('\n');
}

export const saltOf = (signature: Hex): Hex => keccak256(signature);

const PARAMETERS = ['uint256', 'address', 'uint32', 'uint8', 'address', 'uint8', 'bytes32'].map((type) => ({ type }));

/** As `Jury.commitmentOf`. */
export function commitmentOf({ chainId, jury, caseId, round, juror }: Seat, choice: Choice, salt: Hex): Hex {
  return keccak256(encodeAbiParameters(PARAMETERS, [BigInt(chainId), jury, caseId, round, juror, VOTES[choice], salt]));
}

/** The vote that a commitment holds under this salt; undefined when it was made with another one. */
export function openCommitment(seat: Seat, commitment: string, salt: Hex): Choice | undefined {
  const choices: Choice[] = ['GUILTY', 'INNOCENT'];
  return choices.find((choice) => commitmentOf(seat, choice, salt) === commitment.toLowerCase());
}

/** Name under which this browser keeps a salt, for wallets that do not sign alike twice. */
export const saltKey = ({ chainId, jury, caseId, round, juror }: Seat): string =>
  `openledger.jury.${chainId}.${jury}.${caseId}.${round}.${juror}`.toLowerCase();
