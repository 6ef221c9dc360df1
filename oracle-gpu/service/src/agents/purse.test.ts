import { expect, test } from 'vitest';
import type { Account } from '../sessions/book.ts';
import { openPurse } from './purse.ts';

/** A purse of 1,000 wei on an account that has set it aside. */
function opened(fields: Partial<Account> = {}) {
  const account = { reserved: 1_000n, calls: 1, sequence: 0, maxSequence: 100, expiry: 4_000_000_000, ...fields } as Account;
  let isReleased = false;
  const release = (): void => {
    isReleased = true;
    account.reserved -= 1_000n;
    account.calls -= 1;
  };
  const purse = openPurse({ account, release }, 1_000n);
  return { account, purse, isReleased: () => isReleased };
}

test('what a step may cost is set aside, and what it costs is spent', () => {
  const { account, purse } = opened();
  const slice = purse.slice(400n);
  expect([purse.free(), account.calls]).toEqual([600n, 2]);
  slice.release(150n);
  slice.release(150n);
  expect([purse.free(), purse.spent(), account.reserved, account.calls]).toEqual([850n, 150n, 850n, 1]);
});

test('no step can cost more than is left, to the wei', () => {
  const { purse } = opened();
  purse.slice(700n).release(700n);
  expect(() => purse.slice(301n)).toThrow('The next step can cost 301 wei and the run may spend 300 more of 1000');
  purse.slice(300n).release(300n);
  expect(purse.free()).toBe(0n);
});

test('an agent inside spends within its own limit and what is left around it', () => {
  const { account, purse } = opened();
  purse.slice(800n).release(800n);
  const inner = purse.nest(500n);
  expect([inner.free(), purse.free()]).toEqual([200n, 0n]);
  inner.slice(120n).release(120n);
  expect(() => inner.slice(81n)).toThrow('may spend 80 more of 200');
  inner.close();
  expect([purse.spent(), purse.free(), account.reserved]).toEqual([920n, 80n, 80n]);
});

test('what an earlier attempt paid counts', () => {
  const { account, purse } = opened();
  purse.note(900n);
  expect([purse.free(), account.reserved]).toEqual([100n, 100n]);
});

test('closing gives back exactly what was not spent, once', () => {
  const { account, purse, isReleased } = opened();
  purse.slice(300n).release(250n);
  purse.close();
  purse.close();
  expect([account.reserved, account.calls, isReleased()]).toEqual([0n, 0, true]);
});

test('a receipt more than the voucher allows, and an expired voucher, are refused', () => {
  expect(() => opened({ sequence: 99 }).purse.slice(1n)).toThrow('The voucher allows 100 receipts');
  expect(() => opened({ expiry: 1 }).purse.slice(1n)).toThrow('The voucher has expired');
});
