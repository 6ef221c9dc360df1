import { expect, test } from 'vitest';
import { hasAbstained, sentencesOf, webLink } from './cited.ts';

test('sentences stand in the order of the answer, each with the sources it rests on', () => {
  const bundle = {
    citations: [
      { start: 30, end: 40, sources: [2, 1] },
      { start: 0, end: 10, sources: [1] },
    ],
    unsupported: [[12, 28] as [number, number]],
  };
  expect(sentencesOf(bundle)).toEqual([
    { start: 0, end: 10, sources: [1] },
    { start: 12, end: 28, sources: [] },
    { start: 30, end: 40, sources: [2, 1] },
  ]);
  expect(sentencesOf({})).toEqual([]);
});

test('only an answer that asked for sources and got none has abstained', () => {
  const evidence = { queryRoot: '0x00' as const, nullThreshold: 0, records: [], spans: [], passages: [], parents: [] };
  expect(hasAbstained({ trace: { datanets: ['3@1'] }, evidence })).toBe(true);
  expect(hasAbstained({ trace: {}, evidence })).toBe(false);
  const passage = {
    datanetId: 3,
    version: 1,
    recordId: '0x01' as const,
    cluster: '0x01' as const,
    contributor: '0x02' as const,
    support: 0,
  };
  expect(hasAbstained({ trace: { datanets: ['3@1'] }, evidence: { ...evidence, passages: [passage] } })).toBe(false);
});

test('only addresses on the web can be followed', () => {
  expect(webLink('https://example.org/a.sol')).toBe('https://example.org/a.sol');
  for (const link of ['contracts/a.sol', 'javascript:alert(1)', 'data:text/html,x', '']) expect(webLink(link)).toBeUndefined();
});
