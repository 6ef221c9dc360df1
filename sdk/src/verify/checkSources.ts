import type { Hex } from 'viem';
import type { Evidence } from '../evidence/evidence.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { citationsHash } from '../retrieval/citationsHash.ts';
import type { CitedSource } from '../retrieval/source.ts';
import { verifySource } from '../retrieval/verifySource.ts';
import { zeroHash } from '../tree/nodes.ts';
import { attempt, type Check, check, sameAddress, skipped } from './checks.ts';

type Passage = Evidence['passages'][number];

export type VersionRoots = ReadonlyMap<string, Hex>;

/** Names a datanet version in `VersionRoots`. */
export const versionKey = ({ datanetId, version }: Pick<Passage, 'datanetId' | 'version'>): string => `${datanetId}:${version}`;

/** The checks of an answer with sources; none for an answer without. */
export function checkSources(bundle: ReceiptBundle, roots: VersionRoots | undefined): Promise<Check>[] {
  const isWithout = bundle.evidence.passages.length === 0 && bundle.sources === undefined && bundle.trace.citations === undefined;
  if (isWithout) return [];
  return [attempt('sources', () => checkProofs(bundle, roots)), attempt('citations', () => checkCitations(bundle))];
}

function checkProofs({ evidence, sources }: ReceiptBundle, roots: VersionRoots | undefined): Check {
  const { passages } = evidence;
  if (!sources) return skipped('sources', 'Where the passages stand in their datanets was not given: ask the operator.');
  const isSame =
    sources.length === passages.length && passages.every((passage, index) => describes(sources[index], passage, index));
  if (!isSame) return check('sources', false, '', 'The sources shown are not the passages that the evidence commits to.');
  const opened = sources.filter((source) =>
    verifySource(source, roots ? (roots.get(versionKey(source)) ?? zeroHash) : source.proof.root),
  ).length;
  const failed = `${sources.length - opened} of ${sources.length} sources do not stand in the datanet version they name.`;
  if (opened < sources.length) return check('sources', false, '', failed);
  if (!roots)
    return skipped(
      'sources',
      `All ${opened} sources open against the roots shown; whether those are the datanets' is on the chain, which was not read.`,
    );
  return check('sources', true, `All ${opened} sources stand in the datanet versions on chain.`, failed);
}

function describes(source: CitedSource | undefined, passage: Passage, index: number): boolean {
  return (
    source !== undefined &&
    source.n === index + 1 &&
    source.recordId === passage.recordId &&
    source.datanetId === passage.datanetId &&
    source.version === passage.version &&
    source.support === passage.support &&
    sameAddress(source.contributor, passage.contributor)
  );
}

function checkCitations({ citations, unsupported, answer, sources = [], trace }: ReceiptBundle): Check {
  if (!citations || !unsupported || answer === undefined)
    return skipped('citations', 'Only the payer holds the answer and where it cites.');
  const length = answer.length;
  const ranges = [...citations.map(({ start, end }) => [start, end] as const), ...unsupported];
  const isInside =
    ranges.every(([start, end]) => start < end && end <= length) &&
    citations.every((citation) => citation.sources.every((n) => n <= sources.length));
  if (!isInside) return check('citations', false, '', 'A citation points outside the answer, or to a source that is not there.');
  return check(
    'citations',
    citationsHash({ citations, unsupported }) === trace.citations,
    `The ${citations.length} citations are those that the receipt binds.`,
    'The citations shown are not those that the receipt binds.',
  );
}
