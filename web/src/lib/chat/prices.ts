import type { RateCard } from '@openledger/sdk';

type Priced = { promptPrice: string; completionPrice: string; retrievalPrice: string; agentStepPrice: string };

/** A rate card as the subgraph writes it, in wei. */
export function rateCardOf(terms: Priced): RateCard {
  return {
    promptPrice: BigInt(terms.promptPrice),
    completionPrice: BigInt(terms.completionPrice),
    retrievalPrice: BigInt(terms.retrievalPrice),
    agentStepPrice: BigInt(terms.agentStepPrice),
  };
}
