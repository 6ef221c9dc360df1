import { judgementCommitment, type Preference, packBallot, preferences, type RoundSeat, randomBytes32 } from '@openledger/sdk';
import type { Hex } from 'viem';
import { z } from 'zod';

/** A judgement as its judge keeps it: the chain has only a hash of it until it is shown. */
const keptSchema = z.strictObject({
  choices: z.array(z.enum(preferences).nullable()).max(100),
  salt: z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value)),
});
export type Kept = z.infer<typeof keptSchema>;

/** Name under which this browser keeps it. */
export const keptKey = ({ chainId, rounds, roundId, judge }: RoundSeat): string =>
  `openledger.round.${chainId}.${rounds}.${roundId}.${judge}`.toLowerCase();

/** What was kept, or undefined where it is none for so many questions. */
export function readKept(text: string | null, questions: number): Kept | undefined {
  if (text === null) return undefined;
  try {
    const kept = keptSchema.parse(JSON.parse(text));
    return kept.choices.length === questions ? kept : undefined;
  } catch {
    return undefined;
  }
}

type Keeper = Pick<Storage, 'getItem' | 'setItem'>;
const sentKey = (seat: RoundSeat): string => `${keptKey(seat)}.sent`;

/** Every ballot that was sent from here: which of them the chain has is known by its hash alone. */
export function sentFrom(storage: Keeper, seat: RoundSeat, questions: number): Kept[] {
  try {
    const sent: unknown = JSON.parse(storage.getItem(sentKey(seat)) ?? '[]');
    return z
      .array(keptSchema)
      .parse(sent)
      .filter(({ choices }) => choices.length === questions);
  } catch {
    return [];
  }
}

/** Keeps a ballot beside those sent before: choices go on changing after it, and a transaction may fail. */
export function rememberSent(storage: Keeper, seat: RoundSeat, kept: Kept): void {
  const sent = [...sentFrom(storage, seat, kept.choices.length), kept];
  storage.setItem(sentKey(seat), JSON.stringify(sent));
}

/** Nothing chosen yet, with a salt of its own: equal ballots would otherwise have equal hashes. */
export function newKept(questions: number): Kept {
  return { choices: Array.from({ length: questions }, () => null), salt: randomBytes32() };
}

/** The ballot, once every question is judged. */
export function ballotOf({ choices }: Kept): bigint | undefined {
  const judged = choices.filter((choice): choice is Preference => choice !== null);
  return judged.length === choices.length ? packBallot(judged) : undefined;
}

/** Whether this is what the account committed to. */
export function opens(seat: RoundSeat, kept: Kept, commitment: string): boolean {
  const ballot = ballotOf(kept);
  return ballot !== undefined && judgementCommitment(seat, ballot, kept.salt) === commitment.toLowerCase();
}
