import { now } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Reservation } from '../gateway/reserve.ts';
import type { Account } from '../sessions/book.ts';

/**
 * The money of a run: set aside on the payer's account before its first step, and all that its steps can be paid from.
 * Amounts in wei.
 */
export type Purse = {
  account: Account;
  /** What neither was spent nor is lent to a running step. */
  free: () => bigint;
  spent: () => bigint;
  /** So much, or what is free where that is less. */
  atMost: (wanted: bigint) => bigint;
  /** Sets the most that one answer can cost aside. Throws 422 `agent_spending_limit` where less than that is free. */
  slice: (most: bigint) => Reservation;
  /** A purse within this one, for an agent that is called; no more than is free here. */
  nest: (limit: bigint) => Purse;
  /** Counts what an earlier attempt has paid already. */
  note: (paid: bigint) => void;
  /** Gives what is left back. Once. */
  close: () => void;
};

/** @param reservation what was set aside on the account for the whole run: `limit` */
export function openPurse(reservation: Reservation, limit: bigint): Purse {
  const { account } = reservation;
  return makePurse(account, limit, {
    pay: (charged) => {
      account.reserved -= charged;
    },
    // What was paid is off the reservation already: what is left goes back with it.
    close: (spent) => {
      account.reserved += spent;
      reservation.release();
    },
  });
}

type Behind = { pay: (charged: bigint) => void; close: (spent: bigint) => void };

function makePurse(account: Account, limit: bigint, behind: Behind): Purse {
  let spent = 0n;
  let lent = 0n;
  let isOpen = true;
  const free = (): bigint => limit - spent - lent;
  const atMost = (wanted: bigint): bigint => {
    if (wanted <= free()) return wanted;
    return free();
  };
  const pay = (charged: bigint): void => {
    spent += charged;
    behind.pay(charged);
  };

  return {
    account,
    free,
    spent: () => spent,
    atMost,
    slice(most) {
      if (most > free())
        throw new ServiceError(
          422,
          'agent_spending_limit',
          `The next step can cost ${most} wei and the run may spend ${free()} more of ${limit}: ask for less, or ask the agent's creator for a higher limit.`,
          { required: most.toString(), available: free().toString(), limit: limit.toString() },
        );
      requireRoom(account);
      lent += most;
      account.calls += 1;
      let held = true;
      return {
        account,
        release: (charged = 0n) => {
          if (!held) return;
          held = false;
          lent -= most;
          account.calls -= 1;
          pay(charged);
        },
      };
    },
    nest(wanted) {
      const inner = atMost(wanted);
      lent += inner;
      return makePurse(account, inner, {
        pay: (charged) => {
          lent -= charged;
          pay(charged);
        },
        close: (innerSpent) => {
          lent -= inner - innerSpent;
        },
      });
    },
    note: pay,
    close() {
      if (!isOpen) return;
      isOpen = false;
      behind.close(spent);
    },
  };
}

/** A step's receipt needs a place in its channel, under a voucher that still holds. */
function requireRoom(account: Account): void {
  if (account.expiry <= now())
    throw new ServiceError(402, 'voucher_expired', 'The voucher has expired: sign one that ends later.', {
      expiry: account.expiry,
      now: now(),
    });
  if (account.sequence + account.calls >= account.maxSequence)
    throw new ServiceError(
      402,
      'insufficient_voucher',
      `The voucher allows ${account.maxSequence} receipts, and the run needs more: sign one for more.`,
      { maxSequence: account.maxSequence, sequence: account.sequence },
    );
}
