import type { Hex } from 'viem';
import { describe, expect, test } from 'vitest';
import { recordsRoot } from '../records/recordsRoot.ts';
import { seededRandom } from '../vectors/random.ts';
import { proveSources } from './sourceProof.ts';
import { verifySource } from './verifySource.ts';

const random = seededRandom('sources');
const sizes = [1, 2, 5, 8, 13];
const files = new Map<number, Hex[]>(
  sizes.map((size, index) => [3 * index + 2, Array.from({ length: size }, random.bytes32)] as const),
);
const entries = [...files].map(([contributionId, ids]) => ({
  contributionId,
  recordsRoot: recordsRoot(ids),
  records: ids.length,
}));
const proofs = proveSources(entries, files);

test('every record of every contribution opens against the version', () => {
  for (const [contributionId, ids] of files) {
    for (const [position, recordId] of ids.entries())
      expect(verifySource({ recordId, proof: proofs.prove(contributionId, position) }, proofs.root)).toBe(true);
  }
});

test('a version of one contribution of one record needs no siblings', () => {
  const recordId = random.bytes32();
  const alone = proveSources(
    [{ contributionId: 1, recordsRoot: recordsRoot([recordId]), records: 1 }],
    new Map([[1, [recordId]]]),
  );
  const proof = alone.prove(1, 0);
  expect([proof.record.proof, proof.contribution.proof]).toEqual(['0x', '0x']);
  expect(verifySource({ recordId, proof }, alone.root)).toBe(true);
});

test('what is not there cannot be proved', () => {
  expect(() => proofs.prove(3, 0)).toThrow('no contribution 3');
  expect(() => proofs.prove(8, 5)).toThrow('there is none at 5');
});

describe('whatever is changed no longer opens', () => {
  const recordId = files.get(11)?.[4] as Hex;
  const proof = proofs.prove(11, 4);
  const opens = (changes: Partial<typeof proof>, id = recordId, root = proofs.root): boolean =>
    verifySource({ recordId: id, proof: { ...proof, ...changes } }, root);

  test('as it is, it does', () => expect(opens({})).toBe(true));
  test('another record', () => expect(opens({}, files.get(11)?.[3])).toBe(false));
  test('another version', () => expect(opens({}, recordId, random.bytes32())).toBe(false));
  test('another root than the proof itself states', () => expect(opens({ root: random.bytes32() })).toBe(false));
  test('another contribution', () => expect(opens({ contributionId: 8 })).toBe(false));
  test('another file', () => expect(opens({ recordsRoot: entries[0]?.recordsRoot as Hex })).toBe(false));
  test('another place in the file', () => expect(opens({ record: { ...proof.record, index: 3 } })).toBe(false));
  test('another size of the file', () => expect(opens({ record: { ...proof.record, count: 9 } })).toBe(false));
  test('another total', () => expect(opens({ contribution: { ...proof.contribution, total: 28 } })).toBe(false));
  test('a place beyond the contributions', () =>
    expect(opens({ contribution: { ...proof.contribution, index: 5 } })).toBe(false));
  test('a path cut short', () => expect(opens({ contribution: { ...proof.contribution, proof: '0x' } })).toBe(false));
});
