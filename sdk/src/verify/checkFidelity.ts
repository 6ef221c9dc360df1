import type { Hex } from 'viem';
import { type Check, check, skipped } from './checks.ts';

/** The number that the chain has for a release now; a release that was never measured has none. */
export type AttestedFidelity = { lowBps: number; attestedAt: number };
export type FidelityFacts = ReadonlyMap<Hex, AttestedFidelity>;

/** For so long an operator may not have heard of a number that was attested, seconds. */
const slackSeconds = 600;

/**
 * Whether influence is paid by the lower bound that the chain has for each release.
 * @param since when the first receipt under these parameters was made, Unix seconds: of a number that was attested
 * later, the chain no longer says which it replaced
 */
export function checkFidelity(
  releases: readonly Hex[],
  stated: Readonly<Record<Hex, number>>,
  since: number,
  facts: FidelityFacts,
): Check {
  let replaced: Hex | undefined;
  for (const hash of new Set(releases)) {
    const attested = facts.get(hash);
    const lowBps = Math.max(0, attested?.lowBps ?? 0);
    if ((stated[hash] ?? 0) === lowBps) continue;
    if (attested && attested.attestedAt + slackSeconds > since) replaced = hash;
    else
      return check(
        'fidelity',
        false,
        '',
        `Influence of release ${hash} is paid by a fidelity of ${stated[hash] ?? 0} bps, and ${lowBps} bps were attested.`,
      );
  }
  if (replaced) return skipped('fidelity', `Release ${replaced} was measured anew since: by what it paid before is not read.`);
  return check('fidelity', true, 'Influence is paid by the fidelity that was attested for the release.', '');
}
