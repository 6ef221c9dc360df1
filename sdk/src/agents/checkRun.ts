import type { Hex } from 'viem';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { releaseHash } from '../release/releaseHash.ts';
import { receiptHash } from '../settlement/receipt.ts';
import { type Check, check, skipped } from '../verify/checks.ts';
import { agentRelease } from './agentRelease.ts';
import { type AgentRun, runOf } from './agentRun.ts';
import { runHash } from './runHash.ts';

export type RunReceipt = Pick<ReceiptBundle, 'receipt' | 'trace' | 'composition'>;

/**
 * Whether an agent's receipt charges the steps that its trace lists, and whether the receipts of those steps are the ones
 * that belong to this run and add up to what it says it spent, within its limit.
 * @param children bundles of the receipts that the run lists, in any order; undefined where they were not given
 */
export function checkRun(bundle: RunReceipt, children: readonly RunReceipt[] | undefined): Check {
  const run = runOf(bundle.trace);
  if (!run) throw new Error('The trace tells of no run.');
  const { receipt } = bundle;
  const wrong = faultOf(bundle, run) ?? (children && faultInside(bundle, run, children));
  const steps = `${receipt.agentSteps} steps of ${run.agent} were charged as listed`;
  if (wrong === undefined && !children && run.children.length > 0)
    return skipped(
      'run',
      `${steps}; the ${run.children.length} receipts inside were not given, so that what they cost was not added up.`,
    );
  return check(
    'run',
    wrong === undefined,
    `${steps}, and the ${run.children.length} answers inside cost ${run.spent} wei, within the limit of ${run.limit}.`,
    wrong ?? '',
  );
}

/** What is wrong with the receipt by itself. */
function faultOf({ receipt, composition }: RunReceipt, run: AgentRun): string | undefined {
  const { steps, children, spent, limit } = run;
  const [only] = composition;
  const release = releaseHash(agentRelease(run.manifestHash, Number(run.agent.slice('agent/'.length)), run.version));
  if (composition.length !== 1 || only?.releaseHash !== release)
    return `The release of ${run.agent} with this manifest is ${release}, the receipt names ${only?.releaseHash}.`;
  if (receipt.agentSteps !== steps.length)
    return `The run lists ${steps.length} steps, the receipt charges ${receipt.agentSteps}.`;
  if (receipt.promptTokens + receipt.completionTokens + receipt.retrievalTokens > 0)
    return 'An agent charges steps, and no tokens: those are on the receipts of its steps.';
  const paid = steps.flatMap((step) => step.receipt ?? []);
  if (paid.length !== children.length || paid.some((hash, index) => hash !== children[index]))
    return 'The receipts listed are not those of the steps.';
  if (new Set(children).size < children.length) return 'A receipt is listed twice.';
  if (steps.some((step) => step.kind !== 'tool' && step.error === undefined && step.receipt === undefined))
    return 'A step that is to be paid has no receipt.';
  if (spent + receipt.fee > limit) return `The run cost ${spent + receipt.fee} wei, its limit was ${limit}.`;
  return undefined;
}

/** What is wrong with the receipts inside, given as bundles that are verified one by one elsewhere. */
function faultInside({ receipt }: RunReceipt, run: AgentRun, children: readonly RunReceipt[]): string | undefined {
  const { channel, promptHash } = receipt;
  const own = runHash({ channel, promptHash, nonce: run.nonce, releaseHash: releaseOf(run) });
  const given = new Map(children.map((child) => [receiptHash(child.receipt), child]));
  let sum = 0n;
  for (const step of run.steps) {
    if (step.receipt === undefined) continue;
    const child = given.get(step.receipt);
    if (!child) return `The receipt ${step.receipt} of a step was not given.`;
    if (child.receipt.parentReceipt !== own) return `The receipt ${step.receipt} does not belong to this run.`;
    if (child.receipt.channel !== channel) return `The receipt ${step.receipt} is of another channel.`;
    if (step.sequence !== undefined && step.sequence !== child.receipt.sequence)
      return `The receipt ${step.receipt} has sequence ${child.receipt.sequence}, the run says ${step.sequence}.`;
    const inner = runOf(child.trace);
    if ((step.kind === 'agent') !== (inner !== undefined)) return `The receipt ${step.receipt} is of another kind than its step.`;
    sum += child.receipt.fee + (inner?.spent ?? 0n);
  }
  return sum === run.spent ? undefined : `The answers inside cost ${sum} wei, the run says ${run.spent}.`;
}

const releaseOf = ({ manifestHash, agent, version }: AgentRun): Hex =>
  releaseHash(agentRelease(manifestHash, Number(agent.slice('agent/'.length)), version));
