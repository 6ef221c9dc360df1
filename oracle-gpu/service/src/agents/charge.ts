import { type AgentRunJson, type Evidence, zeroHash } from '@openledger/sdk';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import type { Call } from '../gateway/answer.ts';
import { composeReceipt, priceOf } from '../gateway/composeReceipt.ts';
import type { Delivered } from '../gateway/delivered.ts';
import type { ReceiptRow } from '../receipts/bundle.ts';
import type { Account } from '../sessions/book.ts';
import type { ServedAgent } from './load.ts';
import type { Purse } from './purse.ts';

/** An agent was trained on nothing: its own receipt pays its creator and the operator. */
const noEvidence: Evidence = { queryRoot: zeroHash, nullThreshold: 0, records: [], spans: [], passages: [], parents: [] };

/** What an agent's own receipt costs after so many steps, wei. */
export function ownFee({ model }: ServedAgent, steps: number, account: Pick<Account, 'app' | 'appMarkupBps'>): bigint {
  const usage = { promptTokens: 0, completionTokens: 0, retrievalTokens: 0, agentSteps: steps };
  return priceOf(model, usage, account).fee;
}

/** Charges an agent's steps, with its answer. @returns its receipt, which names those of the steps */
export async function chargeRun(
  context: Context,
  of: {
    agent: ServedAgent;
    purse: Purse;
    call: Call;
    messages: unknown[];
    salt: Hex;
    run: AgentRunJson;
    delivered: Delivered;
    isPublic: boolean;
  },
): Promise<ReceiptRow> {
  const { agent, purse, call, messages, salt, run, delivered, isPublic } = of;
  const agentSteps = run.steps.length;
  const composed = await composeReceipt(context, purse.account, call, agent.model, {
    messages,
    text: delivered.pieces.join(''),
    promptTokens: 0,
    tokenIds: [],
    tokenEnds: [],
    evidence: noEvidence,
    query: null,
    trace: { run },
    agentSteps,
    salt,
  });
  const reservation = purse.slice(composed.unnumbered.fee);
  try {
    return await context.charge({ call, composed, delivered, isPublic, reservation });
  } finally {
    reservation.release();
  }
}
