import { expect, test } from 'vitest';
import { parseJsonl } from './parseJsonl.ts';
import { recordLimits } from './recordLimits.ts';

const line = (question: string, answer = 'Answer.'): string =>
  JSON.stringify({
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
    source: { title: 'T', path: 'p', version: '1', licence: 'MIT' },
  });

test('reads one record per line and passes blank lines over', () => {
  const parsed = parseJsonl(`${line('a')}\n\n${line('b')}\r\n`);
  expect(parsed.errors).toEqual([]);
  expect(parsed.records.map(({ messages }) => messages[0]?.content)).toEqual(['a', 'b']);
  expect(parsed.recordIds).toHaveLength(2);
});

test('names line and reason of everything wrong', () => {
  const bad = [line('ok'), '{', '{"messages":[]}', line('ok'), `{"extra":1,${line('x').slice(1)}`, line('')].join('\n');
  expect(parseJsonl(bad).errors).toEqual([
    { line: 2, reason: expect.stringContaining('is not JSON') },
    { line: 3, reason: expect.stringContaining('messages') },
    { line: 4, reason: 'is the same record as line 1' },
    { line: 5, reason: expect.stringContaining('extra') },
    { line: 6, reason: 'messages.0.content: must not be empty' },
  ]);
});

test('refuses bytes that are not UTF-8, and a byte order mark, naming the line', () => {
  const bytes = new TextEncoder().encode(`${line('a')}\n`);
  expect(parseJsonl(new Uint8Array([...bytes, 0xff, 0xfe, 0x0a])).errors).toEqual([{ line: 2, reason: 'is not UTF-8' }]);
  expect(parseJsonl(`\ufeff${line('a')}`).errors[0]?.reason).toContain('byte order mark');
});

test('refuses half a surrogate pair and U+0000, which cannot be hashed or stored', () => {
  expect(parseJsonl(line('x').replace('"x"', '"\\ud800"')).errors[0]?.reason).toContain('surrogate');
  expect(parseJsonl(line('x').replace('"x"', '"\\u0000"')).errors[0]?.reason).toContain('U+0000');
});

test('holds the limits of file, records and record', () => {
  expect(parseJsonl(line('a'), { ...recordLimits, fileBytes: 10 }).errors[0]?.reason).toContain('at most 10');
  expect(parseJsonl(`${line('a')}\n${line('b')}`, { ...recordLimits, records: 1 }).errors[0]?.reason).toContain('has 2 records');
  expect(parseJsonl(line('a'.repeat(17_000))).errors).toEqual([{ line: 1, reason: expect.stringContaining('at most 16384') }]);
});

test('an empty file has no records', () => {
  expect(parseJsonl('\n \n').errors).toEqual([{ line: 0, reason: 'the file has no records' }]);
});
