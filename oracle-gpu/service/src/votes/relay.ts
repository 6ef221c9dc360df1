import type { Address, Hash, Hex } from 'viem';
import { type Outbox, RefusedTransaction } from '../chain/outbox.ts';
import { ServiceError } from '../errors.ts';

/** A call that somebody signed, and whose it is. */
export type Signed = { account: Address; purpose: string; to: Address; data: Hex };

/**
 * Sends what somebody signed, once: the same again gets the transaction that is on its way. To be called in turns.
 * @param takeTurn counts the account's relays; throws when there were too many
 */
export async function relay(
  outbox: Outbox,
  { account, purpose, to, data }: Signed,
  takeTurn: (account: string) => void,
): Promise<Hash> {
  const before = (await outbox.isInFlight(purpose)) ? await outbox.find(purpose) : undefined;
  if (before?.data === data) return before.hash as Hash;
  if (before)
    throw new ServiceError(
      409,
      'already_on_its_way',
      'An earlier signature of yours is on its way to the chain: try again in some seconds.',
      {
        transaction: before.hash,
        retryAfter: 5,
      },
    );
  takeTurn(account);
  try {
    return (await outbox.sendData(purpose, to, data)).hash as Hash;
  } catch (error) {
    if (!(error instanceof RefusedTransaction)) throw error;
    // What changed since it was looked at, a moment ago.
    throw new ServiceError(409, 'refused_by_the_chain', `The chain refuses it: ${error.errorName ?? 'it reverts'}.`);
  }
}
