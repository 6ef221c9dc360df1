import { assignmentHash, type PreparedRound, preparedRoundSchema } from '@openledger/sdk';
import { m } from '#lib/paraglide/messages.js';

/** A file that `openledger round prepare` wrote. Throws in words that say what to choose instead. */
export function readPrepared(text: string): PreparedRound {
  try {
    return preparedRoundSchema.parse(JSON.parse(text));
  } catch {
    throw new Error(m.round_file_wrong());
  }
}

/** Name under which the opener's browser keeps the salt of a round. */
export const saltKeyOf = (hash: string): string => `openledger.round.salt.${hash}`.toLowerCase();

/** The salt of this round that is kept here, if it is. */
export function keptSalt(hash: string): `0x${string}` | undefined {
  const salt = localStorage.getItem(saltKeyOf(hash)) as `0x${string}` | null;
  return salt && assignmentHash(salt) === hash.toLowerCase() ? salt : undefined;
}
