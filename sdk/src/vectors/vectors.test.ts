import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { vectorFiles, vectorPath } from './generate.ts';

let files: Map<string, string>;
beforeAll(async () => {
  files = await vectorFiles();
});

test.each([
  'trees.json',
  'inflation.json',
  'records.json',
  'allocation.json',
  'composition.json',
  'hashes.json',
  'calibration.json',
])('%s is what this code computes', (name) => {
  expect(
    readFileSync(vectorPath(name), 'utf8') === files.get(name),
    `${name} is stale or this code is wrong: npm run vectors shows the difference`,
  ).toBe(true);
});

test('allocation.json has at least 500 cases with ties, zero scores, one and 32 records, caps, clusters, dust', () => {
  const { calls, records } = JSON.parse(files.get('allocation.json') ?? '') as {
    calls: { kind: string[]; firstRecord: number[] };
    records: { score: number[] };
  };
  expect(calls.kind.length).toBeGreaterThanOrEqual(500);
  expect(new Set(calls.kind)).toEqual(
    new Set([...calls.kind, 'ties', 'zeroScores', 'oneRecord', 'full', 'tightCap', 'clusters', 'dust']),
  );
  const counts = calls.firstRecord.map((first, index) => (calls.firstRecord[index + 1] ?? records.score.length) - first);
  expect(Math.max(...counts)).toBe(32);
  expect(counts).toContain(1);
  expect(counts).toContain(0);
});
