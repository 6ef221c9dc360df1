import { type Evidence, zeroHash } from '@openledger/sdk';
import { expect, test } from 'vitest';
import type { LoadedRelease, ReleaseRow } from '../releases.ts';
import { evidenceTexts, quotedRow, wholeBundle } from './evidence.ts';

const hash = (of: number): `0x${string}` => `0x${of.toString(16).padStart(64, '0')}`;
const account = (of: number): `0x${string}` => `0x${of.toString(16).padStart(40, '0')}`;
const rows = Array.from({ length: 5 }, (_, position) => ({
  ...{ position, recordId: hash(position + 10), contributor: account(1), cluster: hash(position + 20), reviewer: account(2) },
  ...{ tokensRoot: zeroHash, scaleBits: 0, rowRoot: hash(position + 30), contributionId: 3, datanetId: 4 },
  source: { title: 'a', path: 'b', version: 'c', licence: 'd' },
})) satisfies ReleaseRow[];
const release = {
  releaseHash: hash(99),
  rows,
  rowText: (position: number) => ({ quoted: JSON.stringify(quotedRow(hash(99), rows[position] as ReleaseRow)).slice(0, -1) }),
} as unknown as LoadedRelease;

const evidenceOf = (records: Evidence['records']): Evidence => ({
  ...{ queryRoot: hash(7), nullThreshold: -3, records, passages: [], parents: [] },
  spans: [{ start: 0, length: 4, sources: [] }],
});
const record = (position: number, partials: number[]): Evidence['records'][number] => ({
  ...quotedRow(release.releaseHash, rows[position] as ReleaseRow),
  partials,
});

test.each([
  { name: 'no record', records: [] },
  { name: 'records of one chunk and of several, negative scores too', records: [record(3, [500]), record(0, [7, -2, 90])] },
])('stored by place, evidence of $name is read as it was sent, byte by byte', ({ records }) => {
  const evidence = evidenceOf(records);
  const { whole, stored } = evidenceTexts(release, evidence);
  expect(JSON.parse(whole)).toEqual(evidence);
  const read = wholeBundle(release, { receipt: { fee: '1' }, evidence: JSON.parse(stored) });
  expect(JSON.stringify(read)).toBe(`{"receipt":{"fee":"1"},"evidence":${whole}}`);
});

test('what was stored whole, as it once was, is left as it is', () => {
  const before = { evidence: { ...evidenceOf([record(2, [11])]) }, dayIndex: 1 };
  expect(JSON.stringify(wholeBundle(release, before))).toBe(JSON.stringify(before));
});

test('a place that the release does not have is no record', () => {
  const evidence = { ...evidenceOf([]), records: [{ position: 5, partials: [1] }] };
  expect(() => wholeBundle(release, { evidence })).toThrow('has no row 5: restore the database.');
});
