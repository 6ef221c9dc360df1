import type { Address } from 'viem';

/** A model's terms as the index has them: amounts as texts. */
export type Terms = {
  operatorBps: number;
  developerBps: number;
  parentsBps: number;
  backersBps: number;
  contributorsBps: number;
  backers: string;
  promptPrice: string;
  completionPrice: string;
  retrievalPrice: string;
  agentStepPrice: string;
};

/**
 * The same terms, but with what a model owes to its parents: out of the developer's share as far as that goes, then the
 * contributors', then the operator's. Backers keep theirs, which may be locked.
 * @throws when even that is not enough
 */
export function payingTerms(terms: Terms, owed: { account: Address; bps: number }) {
  let missing = Math.max(0, owed.bps - terms.parentsBps);
  const take = (share: number): number => {
    const taken = Math.min(share, missing);
    missing -= taken;
    return share - taken;
  };
  const developerBps = take(terms.developerBps);
  const contributorsBps = take(terms.contributorsBps);
  const operatorBps = take(terms.operatorBps);
  if (missing > 0) throw new Error('The backers’ share leaves too little for the parents.');
  return {
    operatorBps,
    developerBps,
    parentsBps: Math.max(terms.parentsBps, owed.bps),
    backersBps: terms.backersBps,
    contributorsBps,
    parents: owed.account,
    backers: terms.backers as Address,
    promptPrice: BigInt(terms.promptPrice),
    completionPrice: BigInt(terms.completionPrice),
    retrievalPrice: BigInt(terms.retrievalPrice),
    agentStepPrice: BigInt(terms.agentStepPrice),
  };
}

/** Whether terms pay the account of a model's parents all that it owes them. */
export function pays(
  terms: { parents: string; parentsBps: number } | null | undefined,
  owed: { account: string; bps: number },
): boolean {
  return !!terms && terms.parents.toLowerCase() === owed.account.toLowerCase() && terms.parentsBps >= owed.bps;
}
