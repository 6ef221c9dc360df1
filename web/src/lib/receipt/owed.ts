import type { ReceiptBundle } from '@openledger/sdk';
import { type Payee, payees } from './shares.ts';

export type Owed = { account: string; amount: bigint; weight: bigint; roles: (Payee['role'] | 'payer' | 'reviewer')[] };

/**
 * Whom a receipt owes what, most first. Roles are known once the split has been computed anew from the bundle; one account
 * may have several. Payers and reviewers get votes and no money.
 */
export function owedBy(
  allocations: readonly { address: string; amount: string; weight: string }[],
  bundle: ReceiptBundle | undefined,
): Owed[] {
  const roles = new Map<string, Owed['roles']>();
  const add = (account: string, role: Owed['roles'][number]): void => {
    const key = account.toLowerCase();
    const known = roles.get(key) ?? [];
    if (!known.includes(role)) roles.set(key, [...known, role]);
  };
  if (bundle) {
    for (const { account, role } of payees(bundle)) if (account) add(account, role);
    add(bundle.channel.payer, 'payer');
    for (const { reviewer } of bundle.evidence.records) add(reviewer, 'reviewer');
  }
  return allocations
    .map(({ address, amount, weight }) => ({
      account: address,
      amount: BigInt(amount),
      weight: BigInt(weight),
      roles: roles.get(address.toLowerCase()) ?? [],
    }))
    .sort((a, b) => (a.amount < b.amount ? 1 : a.amount > b.amount ? -1 : a.weight < b.weight ? 1 : -1));
}
