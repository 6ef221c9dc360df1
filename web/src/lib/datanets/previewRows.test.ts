import type { FilePreview, TrainingRecord } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { previewCsv, previewRows } from './previewRows.ts';

const id = (digit: string): `0x${string}` => `0x${digit.repeat(64)}`;
const record = (question: string): TrainingRecord => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: 'yes' },
  ],
  source: { title: 'T', path: 'p', version: '1', licence: 'MIT' },
});
const owner = `0x${'ab'.repeat(20)}` as const;
const found: FilePreview = {
  datanetId: 1,
  compared: 4,
  since: 0,
  until: 1,
  calls: { total: 9, replayed: 9, others: 0, missing: [] },
  earned: { amount: 12n, low: 3n, high: 20n },
  records: [
    { recordId: id('1'), repeats: null, earned: 12n },
    { recordId: id('2'), repeats: { kind: 'near', similarity: 0.8, ofRecord: id('1') }, earned: 0n },
    {
      recordId: id('3'),
      repeats: { kind: 'exact', similarity: 1, of: { contributionId: 7, recordId: id('9'), position: 2, contributor: owner } },
      earned: 0n,
    },
  ],
};
const records = [record('first, "quoted"'), record('=second'), record('third')];

test('a record is called by its question, and a repeat names the line of the first', () => {
  const rows = previewRows(found, records);
  expect(rows.map(({ line, title, ofLine }) => [line, title, ofLine])).toEqual([
    [1, 'first, "quoted"', undefined],
    [2, '=second', 1],
    [3, 'third', undefined],
  ]);
});

test('the download is exact to the wei and harmless in a spreadsheet', () => {
  const lines = previewCsv(previewRows(found, records)).split('\r\n');
  expect(lines[1]).toBe(`1,${id('1')},"first, ""quoted""",,,,,,12`);
  expect(lines[2]).toBe(`2,${id('2')},'=second,near,0.8,,line 1,,0`);
  expect(lines[3]).toBe(`3,${id('3')},third,exact,1,7,${id('9')},${owner},0`);
});

test('where there were too few calls the amount stays empty', () => {
  const few = { ...found, earned: null, records: found.records.map((item) => ({ ...item, earned: null })) };
  expect(previewCsv(previewRows(few, records)).split('\r\n')[1]?.endsWith(',')).toBe(true);
});
