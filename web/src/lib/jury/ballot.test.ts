import { keccak256 as keccak } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { commitmentOf, openCommitment, saltKey, saltMessage, saltOf } from './ballot.ts';

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`);
const jury = '0x00000000000000000000000000000000000000A1' as const;
const seat = { chainId: 31337, jury, caseId: 7, round: 1, juror: account.address };
const salt = async (of = seat) => saltOf(await account.signMessage({ message: saltMessage(of) }));

test('the same wallet makes the same salt again, for this seat only', async () => {
  expect(await salt()).toBe(await salt());
  expect(await salt({ ...seat, round: 2 })).not.toBe(await salt());
  expect(await salt({ ...seat, caseId: 8 })).not.toBe(await salt());
  expect(await salt({ ...seat, chainId: 1 })).not.toBe(await salt());
});

test('a commitment is that of the contract', () => {
  // keccak256(abi.encode(31337, 0x…a1, 7, 1, 0x…b2, 1, bytes32("salt"))), as Jury.commitmentOf encodes it
  const encoded = [31337n, BigInt(jury), 7n, 1n, 0xb2n, 1n].map((word) => word.toString(16).padStart(64, '0')).join('');
  const sealed = `0x${'73616c74'.padEnd(64, '0')}` as const;
  const juror = `0x${'b2'.padStart(40, '0')}` as const;
  expect(commitmentOf({ ...seat, juror }, 'GUILTY', sealed)).toBe(keccak(`0x${encoded}${sealed.slice(2)}`));
});

test('the vote is read back from the commitment and the salt alone', async () => {
  const kept = await salt();
  for (const choice of ['GUILTY', 'INNOCENT'] as const) {
    expect(openCommitment(seat, commitmentOf(seat, choice, kept), kept)).toBe(choice);
  }
  const other = await salt({ ...seat, round: 2 });
  expect(openCommitment(seat, commitmentOf(seat, 'GUILTY', kept), other)).toBeUndefined();
});

test('each seat has its own place in the browser', () => {
  expect(saltKey(seat)).not.toBe(saltKey({ ...seat, round: 2 }));
  expect(saltKey(seat)).toBe(saltKey({ ...seat, juror: account.address.toLowerCase() as typeof account.address }));
});
