import { type Evidence, zeroHash } from '@openledger/sdk';
import { expect, test } from 'vitest';
import type { LoadedRelease, ReleaseRow } from '../releases.ts';
import { evidenceTexts, quotedRow, quotedSource, wholeBundle } from './evidence.ts';

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

const evidenceOf = (records: Evidence['records'], spans: Evidence['spans'] = []): Evidence => ({
  ...{ queryRoot: hash(7), nullThreshold: -3, records, spans, parents: [] },
  passages: [{ datanetId: 9, version: 2, recordId: hash(50), cluster: hash(51), contributor: account(5), support: 8 }],
});
const record = (position: number, partials: number[]): Evidence['records'][number] => ({
  ...quotedRow(release.releaseHash, rows[position] as ReleaseRow),
  partials,
});
const source = (position: number, offset: number): Evidence['spans'][number]['sources'][number] => ({
  ...quotedSource(release.releaseHash, rows[position] as ReleaseRow),
  offset,
});
const spans = [
  { start: 0, length: 12, sources: [source(4, 17), source(3, 0)] },
  { start: 30, length: 9, sources: [source(1, 5)] },
];

test.each([
  { name: 'no record', evidence: evidenceOf([]) },
  {
    name: 'records of one chunk and of several, negative scores too',
    evidence: evidenceOf([record(3, [500]), record(0, [7, -2, 90])]),
  },
  { name: 'spans, of records with and without a score', evidence: evidenceOf([record(3, [500])], spans) },
])('stored by place, evidence of $name is read as it was sent, byte by byte', ({ evidence }) => {
  const { whole, stored } = evidenceTexts(release, evidence);
  expect(JSON.parse(whole)).toEqual(evidence);
  expect(stored).not.toContain('contributor":"0x0000000000000000000000000000000000000001');
  const read = wholeBundle(release, { receipt: { fee: '1' }, evidence: JSON.parse(stored) });
  expect(JSON.stringify(read)).toBe(`{"receipt":{"fee":"1"},"evidence":${whole}}`);
});

test('what was stored whole, as it once was, is left as it is', () => {
  const before = { evidence: { ...evidenceOf([record(2, [11])], spans) }, dayIndex: 1 };
  expect(JSON.stringify(wholeBundle(release, before))).toBe(JSON.stringify(before));
});

test.each([
  { name: 'record', records: [{ position: 5, partials: [1] }], spans: [] },
  { name: 'source', records: [], spans: [{ start: 0, length: 9, sources: [{ position: 5, offset: 1 }] }] },
])('a place that the release does not have is no $name', ({ records, spans }) => {
  const evidence = { ...evidenceOf([]), records, spans };
  expect(() => wholeBundle(release, { evidence })).toThrow('has no row 5: restore the database.');
});
