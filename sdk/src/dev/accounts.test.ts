import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { devAccount, devNames, devPrivateKey } from './accounts.ts';

test('the first accounts are anvil’s', () => {
  expect(devAccount('deployer').address).toBe('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
  expect(devAccount('operator').address).toBe('0x70997970C51812dc3A010C7d01b50e0d17dc79C8');
});

test('each name has a key of its own that makes its address', () => {
  const addresses = devNames.map((name) => privateKeyToAccount(devPrivateKey(name)).address);
  expect(addresses).toEqual(devNames.map((name) => devAccount(name).address));
  expect(new Set(addresses).size).toBe(devNames.length);
});
