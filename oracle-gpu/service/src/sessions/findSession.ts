import { apiKeyHash } from '@openledger/sdk';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Account } from './book.ts';

const bearer = /^Bearer (ol-[0-9a-f]{64})$/i;

/** The session an Authorization header stands for, or undefined if there is no key in it. */
export async function sessionOf(
  { book }: Pick<Context, 'book'>,
  authorization: string | undefined,
): Promise<Account | undefined> {
  const key = bearer.exec(authorization ?? '')?.[1];
  return key ? book.ofKey(apiKeyHash(key)) : undefined;
}

/** The same, but it must be there: else 401 `invalid_api_key`. */
export async function requireSession(context: Pick<Context, 'book'>, authorization: string | undefined): Promise<Account> {
  const account = await sessionOf(context, authorization);
  if (!account)
    throw new ServiceError(
      401,
      'invalid_api_key',
      'This API key has no session here: open one with a voucher, then send the key as a Bearer token.',
    );
  return account;
}
