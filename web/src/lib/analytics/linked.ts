import type { SettledCall } from './types.ts';

/** Why a call may be its payer's own business: who pays also earns by it as the model's owner or the operator. */
export type Link = 'owner' | 'developer' | 'operator';

/** What links a call's payer with those who earn by it; `undefined` if nothing on the chain does. */
export function linkOf({ payer, batch, composition }: SettledCall): Link | undefined {
  if (!payer) return undefined;
  const models = composition.flatMap(({ release }) => (release ? [release.model] : []));
  if (models.some(({ owner }) => owner.id === payer.id)) return 'owner';
  if (models.some(({ developer }) => developer.id === payer.id)) return 'developer';
  return batch.operatorAccount.id === payer.id ? 'operator' : undefined;
}
