import type { Hex } from 'viem';
import type { PayerState } from '../chain/facts.ts';
import { type Context, now } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Account, Accounts } from '../sessions/book.ts';

/** Money set aside for a running call. `release` gives back what is left of it, once; `charged`: wei that it was charged. */
export type Reservation = { account: Account; release: (charged?: bigint) => void };

export const inProgress = (): ServiceError =>
  new ServiceError(409, 'call_in_progress', 'A call with this Idempotency-Key is running: wait for it and ask again.', {
    retryAfter: 1,
  });

/** A call that is to be paid, and the most it can cost, wei. */
export type Wanted = { idempotencyKey: string | null; requestHash: string; most: bigint };

/**
 * Sets aside what calls that belong together can cost, all of them or none. All channels of the payer are looked at
 * without a pause between check and reservation, so that calls at the same time cannot spend the same money.
 * Throws 402 with what is missing; 503 when nothing stands behind the operator's receipts; 409 when a call with the same
 * Idempotency-Key runs already.
 */
export async function reserve(
  { facts, book }: Pick<Context, 'facts' | 'book'>,
  { channel, payer }: Pick<Account, 'channel' | 'payer'>,
  calls: readonly Wanted[],
): Promise<Reservation[]> {
  const [onChain, accounts, { active }] = await Promise.all([facts.payer(payer), book.payer(payer), facts.operator()]);
  if (!active)
    throw new ServiceError(
      503,
      'operator_inactive',
      'This operator has too little stake behind its receipts, so it takes no calls: ask another one.',
    );
  const account = accounts.get(channel);
  if (!account) throw new ServiceError(401, 'invalid_api_key', 'This API key has no session any more: open one.');
  if (calls.some(({ idempotencyKey }) => idempotencyKey !== null && account.running.has(idempotencyKey))) throw inProgress();
  check(
    account,
    accounts,
    onChain,
    calls.reduce((sum, { most }) => sum + most, 0n),
    calls.length,
  );
  return calls.map((call) => setAside(account, call));
}

function setAside(account: Account, { idempotencyKey, requestHash, most }: Wanted): Reservation {
  account.reserved += most;
  account.calls += 1;
  if (idempotencyKey !== null) account.running.set(idempotencyKey, requestHash);
  let held = true;
  return {
    account,
    release: () => {
      if (!held) return;
      held = false;
      account.reserved -= most;
      account.calls -= 1;
      if (idempotencyKey !== null) account.running.delete(idempotencyKey);
    },
  };
}

/** @param calls how many receipts it comes to at most */
function check(account: Account, accounts: Accounts, onChain: PayerState, most: bigint, calls: number): void {
  const state = onChain.channels.get(account.channel as Hex);
  const isSessionKey = account.signer !== account.payer;
  // A key that was revoked ends with the block that did it, also where this machine's clock is behind the chain's.
  if (isSessionKey && (state?.expiry ?? 0) <= Math.max(now(), onChain.time)) {
    throw new ServiceError(402, 'session_expired', 'The session key has expired or was revoked: authorise a new one.', {
      expiry: state?.expiry ?? 0,
      now: now(),
    });
  }
  if (account.expiry <= now()) {
    throw new ServiceError(402, 'voucher_expired', 'The voucher has expired: sign one that ends later.', {
      expiry: account.expiry,
      now: now(),
    });
  }
  const ceiling = isSessionKey && state && state.cap < account.ceiling ? state.cap : account.ceiling;
  const left = ceiling - account.spent - account.reserved;
  if (left < most || account.sequence + account.calls + calls > account.maxSequence) {
    throw new ServiceError(
      402,
      'insufficient_voucher',
      `This answer can cost ${most} wei and the voucher allows ${left > 0n ? left : 0n} more: sign one with a higher ceiling.`,
      {
        required: most.toString(),
        available: (left > 0n ? left : 0n).toString(),
        voucher: signedState(account),
      },
    );
  }
  let owed = 0n;
  for (const { channel, spent, reserved } of accounts.values())
    owed += spent + reserved - (onChain.channels.get(channel as Hex)?.collected ?? 0n);
  const available = onChain.balance - onChain.thawing - owed;
  if (available < most) {
    throw new ServiceError(
      402,
      'insufficient_escrow',
      `This answer can cost ${most} wei and the escrow has ${available > 0n ? available : 0n} left for this operator: deposit more.`,
      {
        required: most.toString(),
        available: (available > 0n ? available : 0n).toString(),
      },
    );
  }
}

/** What client and server may disagree about: the last voucher and how far it is used. */
export function signedState(account: Account): Record<string, unknown> {
  return {
    payer: account.payer,
    signer: account.signer,
    cumulativeCeiling: account.ceiling.toString(),
    maxSequence: account.maxSequence,
    app: account.app,
    appMarkupBps: account.appMarkupBps,
    expiry: account.expiry,
    signature: account.signature,
    spent: account.spent.toString(),
    reserved: account.reserved.toString(),
    sequence: account.sequence,
  };
}
