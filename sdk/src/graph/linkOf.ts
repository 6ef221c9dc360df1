import type { SettledCall } from './callsQuery.ts';

/**
 * Why a call may be its payer's own business: who pays also earns by it as the model's owner, its developer or the
 * operator, or got its first OPEN from one of them, gave one of them its first, or had it from the same account.
 */
export type Link = 'owner' | 'developer' | 'operator' | 'funder';

type Party = NonNullable<SettledCall['payer']>;

/** What links a call's payer with those who earn by it; `undefined` if nothing on the chain does. */
export function linkOf({ payer, batch, composition }: SettledCall): Link | undefined {
  if (!payer) return undefined;
  const models = composition.flatMap(({ release }) => (release ? [release.model] : []));
  if (models.some(({ owner }) => owner.id === payer.id)) return 'owner';
  if (models.some(({ developer }) => developer.id === payer.id)) return 'developer';
  if (batch.operatorAccount.id === payer.id) return 'operator';
  const earning = [batch.operatorAccount, ...models.flatMap(({ owner, developer }) => [owner, developer])];
  return earning.some((each) => haveOneFunder(payer, each)) ? 'funder' : undefined;
}

function haveOneFunder(a: Party, b: Party): boolean {
  const [ofA, ofB] = [a.firstFunder?.id, b.firstFunder?.id];
  return ofA === b.id || ofB === a.id || (ofA !== undefined && ofA === ofB);
}
