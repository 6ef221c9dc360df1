import { expect, test } from 'vitest';
import type { TrainingRecord } from '../records/record.ts';
import { seededRandom } from '../vectors/random.ts';
import { clusterRecords } from './clusterRecords.ts';
import { findDuplicates, nearDuplicate } from './findDuplicates.ts';
import { recordText } from './recordText.ts';
import { jaccard, shingles } from './shingles.ts';

const record = (question: string, answer: string, path = 'p'): TrainingRecord => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ],
  source: { title: 'T', path, version: '1', licence: 'MIT' },
});

const long =
  'Moves a value amount of tokens from the caller account to the receiver and emits a transfer event when all went well';

test('tells exact, respaced and near copies apart', () => {
  const records = [
    record('What does transfer do?', long),
    record('What does approve do?', 'Sets the allowance of a spender over the tokens of the caller.'),
    record('What does transfer do?', long),
    record('What  does transfer do?', long.replaceAll(' ', '\u00a0 ')),
    record('What does transfer do?', `${long}, we hope`),
  ];
  expect(findDuplicates(records).map(({ index, of, kind }) => ({ index, of, kind }))).toEqual([
    { index: 2, of: 0, kind: 'exact' },
    { index: 3, of: 0, kind: 'whitespace' },
    { index: 4, of: 0, kind: 'near' },
  ]);
});

test('a copy that only changes its source is a copy', () => {
  expect(findDuplicates([record('q', long), record('q', long, 'other')])).toMatchObject([
    { index: 1, of: 0, kind: 'whitespace' },
  ]);
});

test('Chinese texts without spaces are compared by character', () => {
  const text = '合約在狀態更新之前被再次呼叫,攻擊者因此可以重複提領資金,這稱為重入攻擊。';
  const [duplicate] = findDuplicates([
    record('什麼是重入攻擊?', text),
    record('什麼是重入攻擊?', text.replace('這稱為', '此即')),
  ]);
  expect(duplicate).toMatchObject({ kind: 'near' });
});

test('finds exactly what comparing every pair finds', () => {
  const random = seededRandom('duplicates');
  const vocabulary = 'a b c d e f g h'.split(' ');
  const sentence = (): string => Array.from({ length: 30 }, () => random.pick(vocabulary)).join(' ');
  const bases = Array.from({ length: 8 }, sentence);
  const records = Array.from({ length: 80 }, () => {
    const text = random.pick(bases).split(' ');
    for (let change = random.below(5); change > 0; change -= 1) text[random.below(text.length)] = random.pick(vocabulary);
    return record('q', text.join(' '));
  });
  const sets = records.map((item) => shingles(recordText(item)));
  const expected = records.flatMap((_, index) => {
    const similar = sets.slice(0, index).some((set) => jaccard(set, sets[index] as Set<string>) >= nearDuplicate);
    return similar ? [index] : [];
  });
  expect(expected.length).toBeGreaterThan(10);
  expect(findDuplicates(records).map(({ index }) => index)).toEqual(expected);
});

test('a cluster is named by its first record', () => {
  const records = [record('q', long), record('other', 'Something else entirely.'), record('q ', long)];
  const clusters = clusterRecords(records);
  expect(clusters[2]).toBe(clusters[0]);
  expect(clusters[1]).not.toBe(clusters[0]);
});
