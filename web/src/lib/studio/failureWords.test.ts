import { OpenLedgerError } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { failureOf, failureWords } from './failureWords.ts';

test('an operator that asks for more than the escrow is understood with its price', () => {
  const words = failureWords({ message: 'x', code: 'insufficient_escrow', price: '2500000000000000000' });
  expect(words).toContain('2.5');
});

test('a record that cannot be trained on says why by its cause', () => {
  const detail = { recordId: '0x12', cause: 'template_not_stable', reason: 'r' };
  const failure = failureOf(new OpenLedgerError('Record 0x12 cannot be trained on: r.', 'bad_record', 400, detail));
  expect(failure).toMatchObject({ recordId: '0x12', cause: 'template_not_stable' });
  expect(failureWords(failure)).not.toBe(failureWords({ ...failure, cause: 'too_long' }));
});

test('memory that ran out and a loss that is no number are told apart by what may help', () => {
  const memory = failureWords({ message: 'm', changes: [{ set: { rank: 4 }, savesBytes: 9 }] });
  const diverged = failureWords({ message: 'm', changes: [{ set: { learningRate: 0.001 } }] });
  expect(new Set([memory, diverged, undefined]).size).toBe(3);
});

test('a setting that the engine refuses is named by its field', () => {
  const mix = failureOf(new OpenLedgerError('The mix names …', 'invalid_request', 400, { field: 'training.mix' }));
  expect(failureWords(mix)).toBeDefined();
  expect(failureWords({ ...mix, field: 'training.patience' })).not.toBe(failureWords(mix));
});

test('what is not known keeps the words of the operator', () => {
  expect(failureWords({ message: 'The disk is full.', code: 'disk_full' })).toBeUndefined();
});
