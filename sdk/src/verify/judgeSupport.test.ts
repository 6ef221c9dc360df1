import { expect, test } from 'vitest';
import type { Evidence } from '../evidence/evidence.ts';
import { judgeSupport } from './judgeSupport.ts';

const cluster = (digit: number): `0x${string}` => `0x${String(digit).repeat(64)}`;
const passage = (digit: number, support: number): Evidence['passages'][number] => ({
  datanetId: 1,
  version: 1,
  recordId: cluster(digit),
  cluster: cluster(digit),
  contributor: `0x${'1'.repeat(40)}`,
  support,
});
const evidence = { passages: [passage(1, 6_000), passage(2, 1_500)] } as Evidence;
const citations = [{ start: 0, end: 9, sources: [1] }];
const measured = {
  support: [
    { cluster: cluster(1), support: 6_050 },
    { cluster: cluster(2), support: 1_500 },
  ],
  citations: [{ start: 0, end: 9, passages: [0] }],
};

test('support that comes out nearly the same passes, and says how the citations compare', () => {
  expect(judgeSupport({ evidence, citations }, measured, 0.02)).toEqual({
    name: 'support',
    status: 'passed',
    sentence:
      'The support of 2 sources differs by 0.50 % of the answer at most, and 1 of 1 cited sentences rest on the same sources here.',
  });
});

test('a source that rests on something else here fails by its number', () => {
  const other = { ...measured, support: [{ cluster: cluster(1), support: 6_000 }], citations: [] };
  const found = judgeSupport({ evidence, citations }, other, 0.02);
  expect(found.status).toBe('failed');
  expect(found.sentence).toBe(
    'The support of source 2 is 15.00 % of the answer in the receipt and 0.00 % here; the tolerance is 2.00 %. 0 of 1 cited sentences rest on the same sources here.',
  );
  expect(judgeSupport({ evidence, citations }, null, 0.02).status).toBe('failed');
});
