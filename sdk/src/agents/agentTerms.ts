import { zeroAddress } from 'viem';
import type { Terms } from '../release/release.ts';

/**
 * Terms as AgentRegistry takes them: one price, for a step, shared between whoever runs the agent and its creator. What its
 * models and datanets earn is on receipts of their own.
 *
 * @param operatorBps the operator's share in basis points; the creator has the rest
 * @param agentStepPrice wei
 */
export function agentTerms(operatorBps: number, agentStepPrice: bigint): Terms {
  return {
    operatorBps,
    developerBps: 10_000 - operatorBps,
    parentsBps: 0,
    backersBps: 0,
    contributorsBps: 0,
    parents: zeroAddress,
    backers: zeroAddress,
    promptPrice: 0n,
    completionPrice: 0n,
    retrievalPrice: 0n,
    agentStepPrice,
  };
}
