import type { Address } from 'viem';
import type { Context } from '../context.ts';

const vaults = new WeakMap<Context['chain'], Promise<Address>>();

/** Where authorised transfers to this operator go; the chain says it once. */
export function vaultOf({ chain }: Pick<Context, 'chain'>): Promise<Address> {
  const known = vaults.get(chain);
  if (known) return known;
  const asked = chain.client.readContract({ ...chain.contracts.prepayments, functionName: 'vaultOf', args: [chain.operator] });
  vaults.set(chain, asked);
  asked.catch(() => vaults.delete(chain));
  return asked;
}
