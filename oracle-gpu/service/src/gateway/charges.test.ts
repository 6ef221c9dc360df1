import { zeroHash } from '@openledger/sdk';
import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import type { Account } from '../sessions/book.ts';
import { type Charge, createCharges } from './charges.ts';

const receipt = {
  ...{ channel: zeroHash, compositionHash: zeroHash, promptTokens: 1, completionTokens: 1, retrievalTokens: 0, agentSteps: 0 },
  ...{ fee: 10_000n, feeVersion: 1, promptHash: zeroHash, outputHash: zeroHash, evidenceHash: zeroHash },
  ...{ allocationHash: zeroHash, traceHash: zeroHash, parentReceipt: zeroHash, timestamp: 1 },
};

/** Charges of one session, written by a database that answers each statement as told. */
function stage(answer: () => Promise<unknown>) {
  const account = { channel: zeroHash, payer: '0x01', sequence: 4, spent: 0n } as Account;
  let statements = 0;
  let rereads = 0;
  const client = {
    query: () => {
      statements += 1;
      return answer();
    },
    release: () => undefined,
  };
  const charge = createCharges({
    db: { $client: { connect: async () => client } },
    book: {
      reread: async () => {
        rereads += 1;
      },
    },
    signReceipt: () => '0x00',
    log: { warn: () => undefined },
  } as unknown as Parameters<typeof createCharges>[0]);
  const one = (): Promise<string> =>
    charge({
      call: { id: 'a', idempotencyKey: null, created: 1 },
      composed: {
        unnumbered: receipt,
        bundle: {},
        evidence: { records: [], spans: [] },
        release: {},
        secret: {},
        query: null,
        sources: [],
      },
      reservation: { account, release: () => undefined },
    } as unknown as Charge).then(
      () => 'charged',
      (error: { code?: string }) => error.code ?? 'failed',
    );
  return { one, account, statements: () => statements, rereads: () => rereads };
}

test('charges whose connection is lost are not written once more: they may be there', async () => {
  const { one, account, statements, rereads } = stage(async () => {
    throw new Error('Connection terminated unexpectedly');
  });
  const first = one(); // written at once; the next two wait together
  expect(await Promise.all([first, one(), one()])).toEqual(Array(3).fill('charge_unknown'));
  expect([statements(), rereads(), account.sequence]).toEqual([2, 2, 4]);
});

test('charges that the database refuses together are written one by one', async () => {
  let refusals = 0;
  const { one, account, statements } = stage(async () => {
    refusals += 1;
    if (refusals === 2) throw Object.assign(new DatabaseError('no', 1, 'error'), { code: '23505' });
  });
  const first = one();
  expect(await Promise.all([first, one(), one()])).toEqual(Array(3).fill('charged'));
  expect([statements(), account.sequence]).toEqual([4, 7]);
});

test('a charge that finds other sequences than it knows reads them again, once', async () => {
  const { one, statements, rereads } = stage(async () => {
    throw Object.assign(new DatabaseError('division by zero', 1, 'error'), { code: '22012' });
  });
  expect(await one()).toBe('failed');
  expect([statements(), rereads()]).toEqual([2, 2]);
});
