import type { Hex } from 'viem';
import { addressWord, bytes32Word, dynamicArray, int32Word, staticArray, tuple, uintWord } from '../schema/abiWords.ts';
import { keccak } from '../schema/keccak.ts';
import type { Evidence } from './evidence.ts';

type RecordScore = Evidence['records'][number];
type Span = Evidence['spans'][number];

/**
 * keccak(abi.encode(Evidence)), fields as in docs/wire.md. Written out, since a batch hashes up to 13 KB for each of a
 * thousand receipts, and a general encoder takes longer for that than the hash itself.
 * @param wordsOf what `rowWords` gives for a record: whoever quotes the same rows again and again keeps it
 */
export function evidenceHash(
  { queryRoot, nullThreshold, records, spans, passages, parents }: Evidence,
  wordsOf: (record: RecordScore) => string = rowWords,
): Hex {
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
      dynamicArray(records.map((record) => tuple([wordsOf(record)], [staticArray(record.partials.map(int32Word))]))),
      dynamicArray(spans.map(spanWords)),
      staticArray(passageWords),
      staticArray(parentWords),
    ],
  );
  return keccak(`0x${tuple([], [evidence])}`);
}

/** What a record says of its row, as it is hashed: words in hex without 0x. */
export function rowWords(record: Omit<RecordScore, 'partials'>): string {
  const { releaseHash, position, recordId, cluster, contributor, reviewer, datanetId, rowRoot } = record;
  return (
    bytes32Word(releaseHash) +
    uintWord(position) +
    bytes32Word(recordId) +
    bytes32Word(cluster) +
    addressWord(contributor) +
    addressWord(reviewer) +
    uintWord(datanetId) +
    bytes32Word(rowRoot)
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
