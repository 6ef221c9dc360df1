import { describe, expect, test } from 'vitest';
import { csvCell, toCsv } from './csv.ts';
import { invoiceCsv, monthOf, type Paid } from './invoice.ts';

describe('csvCell', () => {
  test.each([
    ['plain', 'plain'],
    ['a, b', '"a, b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=SUM(A1)', "'=SUM(A1)"],
    ['@cmd', "'@cmd"],
    ['+1,2', '"\'+1,2"'],
    ['', ''],
  ])('%j becomes %j', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
  test('numbers stay numbers, negative ones too', () => {
    expect(csvCell(-5)).toBe('-5');
    expect(csvCell(10n ** 20n)).toBe('100000000000000000000');
  });
});

test('lines end as spreadsheets expect, after a mark for UTF-8', () => {
  expect(toCsv(['a', 'b'], [['1', 2]])).toBe('\uFEFFa,b\r\n1,2\r\n');
});

const receipt = (sequence: number, timestamp: number, name = 'Guide'): Paid => ({
  channelId: '0xab',
  sequence: String(sequence),
  receiptHash: `0x0${sequence}`,
  timestamp: String(timestamp),
  promptTokens: '10',
  completionTokens: '5',
  fee: '1500000000000000000',
  batch: { batchIndex: 3, status: 'FINAL', transactionHash: '0xfe', operatorAccount: { id: '0x0a' } },
  composition: [{ releaseHash: '0x01', release: { model: { name } } }],
});

describe('invoiceCsv', () => {
  test('has a line for each receipt, oldest first, and their sum', () => {
    const lines = invoiceCsv([receipt(2, 1_800_000_060), receipt(1, 1_800_000_000)])
      .trim()
      .split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toBe('2027-01-15T08:00:00.000Z,Guide,0x0a,10,5,1.5,1500000000000000000,0xab,1,0x01,3,final,0xfe');
    expect(lines[2]).toContain(',2,0x02,');
    expect(lines[3]).toBe('total,,,20,10,3,3000000000000000000,,,,,,');
  });
  test('names that strangers wrote cannot act', () => {
    const [, line] = invoiceCsv([receipt(1, 1_800_000_000, '=HYPERLINK("x"),"')]).split('\r\n');
    expect(line).toContain(`"'=HYPERLINK(""x""),"""`);
  });
  test('a release the chain does not know is named by its hash', () => {
    const unknown = { ...receipt(1, 1_800_000_000), composition: [{ releaseHash: '0x01', release: null }] };
    expect(invoiceCsv([unknown])).toContain('Z,0x01,0x0a');
  });
});

test('months follow the calendar, over the turn of the year', () => {
  const january = Date.UTC(2027, 0, 20) / 1000;
  expect(monthOf(january, 0)).toEqual({ from: Date.UTC(2027, 0, 1) / 1000, until: Date.UTC(2027, 1, 1) / 1000 });
  expect(monthOf(january, 1)).toEqual({ from: Date.UTC(2026, 11, 1) / 1000, until: Date.UTC(2027, 0, 1) / 1000 });
});
