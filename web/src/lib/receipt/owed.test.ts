import { expect, test } from 'vitest';
import { testReceipt } from '../../../../sdk/src/verify/testReceipt.ts';
import { owedBy } from './owed.ts';

test('most first, with the capacities in which each is paid', async () => {
  const { bundle } = await testReceipt();
  const rows = bundle.allocations.map(({ account, amount, weight }) => ({
    address: account,
    amount: amount.toString(),
    weight: weight.toString(),
  }));
  const owed = owedBy(rows, bundle);
  const amounts = owed.map(({ amount }) => amount);
  expect(amounts).toEqual([...amounts].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
  const rolesOf = (account: string) => owed.find((row) => row.account.toLowerCase() === account.toLowerCase())?.roles;
  expect(rolesOf(bundle.channel.operator)).toEqual(['operator']);
  expect(rolesOf(bundle.developer)).toEqual(['developer']);
  expect(rolesOf(bundle.channel.payer)).toEqual(['payer']);
  expect(rolesOf(bundle.evidence.records[0]?.contributor ?? '')).toEqual(['contributor']);
});

test('without the bundle nobody is given a role', () => {
  expect(owedBy([{ address: '0x0a', amount: '5', weight: '0' }], undefined)).toEqual([
    { account: '0x0a', amount: 5n, weight: 0n, roles: [] },
  ]);
});
