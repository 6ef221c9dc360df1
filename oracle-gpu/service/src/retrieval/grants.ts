import { and, eq } from 'drizzle-orm';
import type { Address } from 'viem';
import type { ChainEvent } from '../chain/events.ts';
import type { Context } from '../context.ts';
import type { Transaction } from '../db/open.ts';
import { retrievalGrants } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';

/** As the contracts count them. */
const openPolicy = 0;
const retrievePurpose = 1;

/** Keeps which grants to retrieve were ever approved, and to whom. Whether one is live is asked of the chain. May be repeated. */
export async function mirrorGrants(tx: Transaction, { eventName, args }: ChainEvent): Promise<void> {
  if (eventName !== 'GrantApproved' || args.purpose !== retrievePurpose) return;
  const { grantId, datanetId, requester } = args;
  await tx.insert(retrievalGrants).values({ grantId, datanetId, requester: requester.toLowerCase() }).onConflictDoNothing();
}

/**
 * Throws unless `payer` may have records of this datanet retrieved now: it allows retrieval, and is open, or the payer is
 * its provider or holds a live grant. That is asked of the chain anew for every call.
 * @param payer undefined where nobody pays yet
 */
export async function requireAccess(
  { db, chain, facts }: Pick<Context, 'db' | 'chain' | 'facts'>,
  datanetId: number,
  payer: Address | undefined,
): Promise<void> {
  const { provider, policy, retrievalAllowed, exists } = await facts.datanet(datanetId);
  if (!exists)
    throw new ServiceError(404, 'datanet_not_found', `There is no datanet ${datanetId}: choose another as a source.`, {
      datanetId,
    });
  if (!retrievalAllowed)
    throw new ServiceError(
      403,
      'retrieval_not_allowed',
      `Datanet ${datanetId} does not let its records be retrieved, which its provider decided when it was created: choose another as a source.`,
      { datanetId },
    );
  if (policy === openPolicy) return;
  const account = payer?.toLowerCase();
  if (account === provider) return;
  const held = account === undefined ? [] : await grantsOf(db, datanetId, account);
  for (const { grantId } of held) {
    const args = [grantId, datanetId, retrievePurpose, account as Address] as const;
    if (await chain.client.readContract({ ...chain.contracts.grants, functionName: 'isLive', args })) return;
  }
  throw new ServiceError(
    403,
    'grant_required',
    `Datanet ${datanetId} is not open and ${account ?? 'whoever pays'} has no live grant to retrieve from it: request one from its provider on the datanet's page, and call with a key of the account that holds it.`,
    { datanetId, provider, ...(account === undefined ? {} : { payer: account }) },
  );
}

const grantsOf = (db: Context['db'], datanetId: number, account: string) =>
  db
    .select({ grantId: retrievalGrants.grantId })
    .from(retrievalGrants)
    .where(and(eq(retrievalGrants.datanetId, datanetId), eq(retrievalGrants.requester, account)));
