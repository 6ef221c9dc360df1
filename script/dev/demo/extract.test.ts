import { findDuplicates, parseJsonl, recordId } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { copyWithSpacesChanged, domains, extractRecords, toJsonl } from './extract.ts';
import { chooseQuestions } from './questions.ts';

const records = extractRecords();
const all = domains.flatMap((domain) => records[domain]);

test('gives each contributor a file that can be uploaded', () => {
  for (const domain of domains) {
    const parsed = parseJsonl(toJsonl(records[domain]));
    expect(parsed.errors).toEqual([]);
    expect(parsed.records.length).toBeGreaterThan(60);
    for (const { source } of parsed.records)
      expect(source).toMatchObject({ licence: 'MIT', path: expect.stringMatching(new RegExp(`^${domain}/.*\\.sol$`)) });
  }
});

test('no record repeats another, and every answer is a sentence of its own', () => {
  expect(findDuplicates(all)).toEqual([]);
  expect(new Set(all.map(({ messages }) => messages[1]?.content)).size).toBe(all.length);
  for (const { messages } of all) expect(messages[1]?.content).not.toMatch(/\*\/|@dev|xref:|\s{2}/);
});

test('the copy has no record id of the original and is found all the same', () => {
  const copy = copyWithSpacesChanged(records.token);
  const ids = new Set(records.token.map(recordId));
  expect(copy.every((record) => !ids.has(recordId(record)))).toBe(true);
  const found = findDuplicates([...records.token, ...copy]);
  expect(found.map(({ index, of }) => index - of)).toEqual(copy.map(() => records.token.length));
  expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['whitespace']));
});

test('asks two questions per domain, all about records that were trained on', () => {
  const of = (domain: (typeof domains)[number]) => records[domain].map((record) => ({ record, recordId: recordId(record) }));
  const named = { token: of('token'), access: of('access'), governance: of('governance') };
  const trained = new Set(all.map(recordId));
  const questions = chooseQuestions(named, trained);
  expect(questions.map(({ domain }) => domain)).toEqual(['token', 'token', 'access', 'access', 'governance', 'governance']);
  const [first] = questions;
  if (first) trained.delete(first.recordId);
  const others = chooseQuestions(named, trained);
  expect(others).toHaveLength(6);
  expect(others.map(({ recordId: id }) => id)).not.toContain(first?.recordId);
  expect(() => chooseQuestions(named, new Set())).toThrow(/Fewer than two/);
});
