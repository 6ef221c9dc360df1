import { encodeAbiParameters, keccak256 } from 'viem';
import { expect, test } from 'vitest';
import { seededRandom } from '../vectors/random.ts';
import type { Evidence } from './evidence.ts';
import { evidenceHash, rowWords } from './evidenceHash.ts';

const parameters = [
  {
    type: 'tuple',
    components: [
      { name: 'queryRoot', type: 'bytes32' },
      { name: 'nullThreshold', type: 'int32' },
      {
        name: 'records',
        type: 'tuple[]',
        components: [
          { name: 'releaseHash', type: 'bytes32' },
          { name: 'position', type: 'uint32' },
          { name: 'recordId', type: 'bytes32' },
          { name: 'cluster', type: 'bytes32' },
          { name: 'contributor', type: 'address' },
          { name: 'reviewer', type: 'address' },
          { name: 'datanetId', type: 'uint32' },
          { name: 'rowRoot', type: 'bytes32' },
          { name: 'partials', type: 'int32[]' },
        ],
      },
      {
        name: 'spans',
        type: 'tuple[]',
        components: [
          { name: 'start', type: 'uint32' },
          { name: 'length', type: 'uint32' },
          {
            name: 'sources',
            type: 'tuple[]',
            components: [
              { name: 'releaseHash', type: 'bytes32' },
              { name: 'position', type: 'uint32' },
              { name: 'recordId', type: 'bytes32' },
              { name: 'cluster', type: 'bytes32' },
              { name: 'contributor', type: 'address' },
              { name: 'datanetId', type: 'uint32' },
              { name: 'offset', type: 'uint32' },
            ],
          },
        ],
      },
      {
        name: 'passages',
        type: 'tuple[]',
        components: [
          { name: 'datanetId', type: 'uint32' },
          { name: 'version', type: 'uint32' },
          { name: 'recordId', type: 'bytes32' },
          { name: 'cluster', type: 'bytes32' },
          { name: 'contributor', type: 'address' },
          { name: 'support', type: 'int32' },
        ],
      },
      {
        name: 'parents',
        type: 'tuple[]',
        components: [
          { name: 'releaseHash', type: 'bytes32' },
          { name: 'termsVersion', type: 'uint32' },
          { name: 'share', type: 'uint32' },
        ],
      },
    ],
  },
] as const;

const random = seededRandom('evidence');
const many = <T>(most: number, make: () => T): T[] => Array.from({ length: random.below(most + 1) }, make);
const int32 = (): number => random.below(2 ** 32) - 2 ** 31;
const uint32 = (): number => random.below(2 ** 32);
const named = () => ({
  releaseHash: random.bytes32(),
  position: uint32(),
  recordId: random.bytes32(),
  cluster: random.bytes32(),
  contributor: random.address(),
  datanetId: uint32(),
});

const madeRecord = () => ({ ...named(), reviewer: random.address(), rowRoot: random.bytes32(), partials: many(3, int32) });

function randomEvidence(): Evidence {
  return {
    queryRoot: random.bytes32(),
    nullThreshold: int32(),
    records: many(5, madeRecord),
    spans: many(3, () => ({ start: uint32(), length: uint32(), sources: many(3, () => ({ ...named(), offset: uint32() })) })),
    passages: many(3, () => {
      const { recordId, cluster, contributor, datanetId } = named();
      return { datanetId, version: uint32(), recordId, cluster, contributor, support: int32() };
    }),
    parents: many(3, () => ({ releaseHash: random.bytes32(), termsVersion: uint32(), share: uint32() })),
  };
}

test('hashes what abi.encode encodes, whatever is empty', () => {
  const empty = { ...randomEvidence(), records: [], spans: [], passages: [], parents: [] };
  for (const evidence of [empty, ...Array.from({ length: 200 }, randomEvidence)]) {
    expect(evidenceHash(evidence)).toBe(keccak256(encodeAbiParameters(parameters, [evidence])));
  }
});

test('what does not fit its type is refused', () => {
  const evidence = randomEvidence();
  expect(() => evidenceHash({ ...evidence, nullThreshold: 2 ** 31 })).toThrow(/int32/);
  expect(() => evidenceHash({ ...evidence, nullThreshold: 0.5 })).toThrow(/int32/);
  expect(() => evidenceHash({ ...evidence, queryRoot: '0x00' })).toThrow(/32 bytes/);
  const parent = { releaseHash: random.bytes32(), termsVersion: 2 ** 32, share: 0 };
  expect(() => evidenceHash({ ...evidence, parents: [parent] })).toThrow(/uint32/);
});

test('words of rows that were kept hash as those made anew', () => {
  const evidence = { ...randomEvidence(), records: [7, 3, 9].map((position) => ({ ...madeRecord(), position })) };
  const kept = new Map(evidence.records.map((record) => [record.position, rowWords(record)]));
  const rescored = { ...evidence, records: evidence.records.map((record) => ({ ...record, partials: [int32(), int32()] })) };
  expect(evidenceHash(rescored, ({ position }) => kept.get(position) ?? '')).toBe(evidenceHash(rescored));
  expect(evidenceHash(rescored)).not.toBe(evidenceHash(evidence));
});
