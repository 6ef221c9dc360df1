import { z } from 'zod';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { bytes32Schema, int32Schema, uint32Schema } from '../schema/primitives.ts';
import { type Check, check } from './checks.ts';

/** What an engine measures of an answer's passages: support by cluster per 10,000, and which sentence rests on which. */
export const measuredSupportSchema = z.looseObject({
  support: z.array(z.looseObject({ cluster: bytes32Schema, support: int32Schema })),
  citations: z.array(z.looseObject({ start: uint32Schema, end: uint32Schema, passages: z.array(z.int().min(0)) })),
});

/** Holds the support and the citations of a receipt against what another engine measures for the same answer. */
export function judgeSupport(
  { evidence, citations = [] }: Pick<ReceiptBundle, 'evidence' | 'citations'>,
  measured: z.infer<typeof measuredSupportSchema> | null | undefined,
  tolerance: number,
): Check {
  const name = 'support';
  if (!measured) return check(name, false, '', 'The receipt names passages, and this engine was given none.');
  const here = new Map(measured.support.map(({ cluster, support }) => [cluster, support]));
  const differences = evidence.passages.map(({ cluster, support }, index) => ({
    index,
    support,
    here: here.get(cluster) ?? 0,
  }));
  const [worst] = differences.sort((a, b) => Math.abs(b.support - b.here) - Math.abs(a.support - a.here));
  const distance = worst ? Math.abs(worst.support - worst.here) / 10_000 : 0;
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const same = citations.filter((citation) =>
    measured.citations.some(
      ({ start, end, passages }) =>
        start === citation.start && end === citation.end && passages.map((place) => place + 1).join() === citation.sources.join(),
    ),
  ).length;
  const cited = `${same} of ${citations.length} cited sentences rest on the same sources here`;
  const agree = `The support of ${evidence.passages.length} sources differs by ${percent(distance)} of the answer at most, and ${cited}.`;
  const differ = `The support of source ${(worst?.index ?? 0) + 1} is ${percent((worst?.support ?? 0) / 10_000)} of the answer in the receipt and ${percent((worst?.here ?? 0) / 10_000)} here; the tolerance is ${percent(tolerance)}. ${cited}.`;
  // Which sentence is cited hangs on a threshold: only support itself is judged.
  return check(name, distance <= tolerance, agree, differ);
}
