import type { Hex } from 'viem';
import { addressWord, bytes32Word, dynamicArray, int32Word, staticArray, tuple, uintWord } from '../schema/abiWords.ts';
import { keccak } from '../schema/keccak.ts';
import type { Evidence } from './evidence.ts';

type RecordScore = Evidence['records'][number];
type Span = Evidence['spans'][number];

/**
 * keccak(abi.encode(Evidence)), fields as in docs/wire.md. Written out, since a batch hashes up to 13 KB for each of a
 * thousand receipts, and a general encoder takes longer for that than the hash itself.
 */
export function evidenceHash({ queryRoot, nullThreshold, records, spans, passages, parents }: Evidence): Hex {
  const passageWords = passages.map(
    ({ datanetId, version, recordId, cluster, contributor, support }) =>
      uintWord(datanetId) +
      uintWord(version) +
      bytes32Word(recordId) +
      bytes32Word(cluster) +
      addressWord(contributor) +
      int32Word(support),
  );
  const parentWords = parents.map(
    ({ releaseHash, termsVersion, share }) => bytes32Word(releaseHash) + uintWord(termsVersion) + uintWord(share),
  );
  const evidence = tuple(
    [bytes32Word(queryRoot), int32Word(nullThreshold)],
    [
      dynamicArray(records.map(recordWords)),
      dynamicArray(spans.map(spanWords)),
      staticArray(passageWords),
      staticArray(parentWords),
    ],
  );
  return keccak(`0x${tuple([], [evidence])}`);
}

function recordWords(record: RecordScore): string {
  const { releaseHash, position, recordId, cluster, contributor, reviewer, datanetId, rowRoot, partials } = record;
  return tuple(
    [
      bytes32Word(releaseHash),
      uintWord(position),
      bytes32Word(recordId),
      bytes32Word(cluster),
      addressWord(contributor),
      addressWord(reviewer),
      uintWord(datanetId),
      bytes32Word(rowRoot),
    ],
    [staticArray(partials.map(int32Word))],
  );
}

function spanWords({ start, length, sources }: Span): string {
  const words = sources.map(
    ({ releaseHash, position, recordId, cluster, contributor, datanetId, offset }) =>
      bytes32Word(releaseHash) +
      uintWord(position) +
      bytes32Word(recordId) +
      bytes32Word(cluster) +
      addressWord(contributor) +
      uintWord(datanetId) +
      uintWord(offset),
  );
  return tuple([uintWord(start), uintWord(length)], [staticArray(words)]);
}
