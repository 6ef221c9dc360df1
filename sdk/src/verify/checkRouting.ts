import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { type Routing, routingOf } from '../gateway/routing.ts';
import { type Check, check } from './checks.ts';

/**
 * Whether the release that answered is the one that the stated scores choose. The scores themselves rest on an embedding
 * model, which is not run here: an engine with the same releases computes them anew.
 */
export function checkRouting({ trace, composition }: Pick<ReceiptBundle, 'trace' | 'composition'>): Check {
  const routing = routingOf(trace);
  if (!routing) throw new Error('The trace tells of no choice.');
  const answered = composition.length === 1 ? composition[0]?.releaseHash : undefined;
  const wrong = faultOf(routing, answered);
  const { choices, threshold, reason } = routing;
  const best = choices[0] ? `scores ${percent(choices[0].score)}` : 'there is none';
  return check(
    'routing',
    wrong === undefined,
    reason === 'nearest'
      ? `The gateway chose the release nearest to the question: it ${best}, ${percent(threshold)} are needed.`
      : `No release is near enough to the question (the nearest: ${best}, ${percent(threshold)} are needed), so the operator's default answered.`,
    wrong ?? '',
  );
}

const percent = (bps: number): string => `${(bps / 100).toFixed(1)} %`;

function faultOf({ choices, threshold, reason }: Routing, answered: string | undefined): string | undefined {
  if (choices.some(({ score }, place) => score > (choices[place - 1]?.score ?? 10_000)))
    return 'The choices do not stand in the order of their scores.';
  const [best] = choices;
  const isNear = best !== undefined && best.score >= threshold;
  if (reason === 'default') return isNear ? 'A release was near enough, yet the default answered.' : undefined;
  if (!isNear) return 'No release was near enough, yet one is said to have been chosen as the nearest.';
  return best.releaseHash === answered
    ? undefined
    : `The scores choose release ${best.releaseHash}, and ${answered ?? 'several'} answered.`;
}
