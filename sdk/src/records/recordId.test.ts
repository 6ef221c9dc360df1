import { expect, test } from 'vitest';
import type { TrainingRecord } from './record.ts';
import { recordId } from './recordId.ts';

const record: TrainingRecord = {
  messages: [
    { role: 'user', content: 'é' },
    { role: 'assistant', content: 'ok' },
  ],
  source: { title: 'T', path: 'p', version: '1', licence: 'MIT' },
};

test('the order of keys does not matter', () => {
  const { licence, version, path, title } = record.source;
  expect(recordId({ source: { licence, version, path, title }, messages: record.messages })).toBe(recordId(record));
});

test('any other character is another record, also one that looks alike', () => {
  const decomposed = {
    ...record,
    messages: record.messages.map((message) => ({ ...message, content: message.content.normalize('NFD') })),
  };
  expect(recordId(decomposed)).not.toBe(recordId(record));
});
