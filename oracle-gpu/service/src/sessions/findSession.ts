import { apiKeyHash } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { sessions } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import type { SessionRow } from './openSession.ts';

const bearer = /^Bearer (ol-[0-9a-f]{64})$/i;

/** The session an Authorization header stands for, or undefined if there is no key in it. */
export async function sessionOf({ db }: Pick<Context, 'db'>, authorization: string | undefined): Promise<SessionRow | undefined> {
  const key = bearer.exec(authorization ?? '')?.[1];
  if (!key) return undefined;
  const [row] = await db
    .select()
    .from(sessions)
    .where(eq(sessions.keyHash, apiKeyHash(key)));
  return row;
}

/** The same, but it must be there: else 401 `invalid_api_key`. */
export async function requireSession(context: Pick<Context, 'db'>, authorization: string | undefined): Promise<SessionRow> {
  const row = await sessionOf(context, authorization);
  if (!row)
    throw new ServiceError(
      401,
      'invalid_api_key',
      'This API key has no session here: open one with a voucher, then send the key as a Bearer token.',
    );
  return row;
}
