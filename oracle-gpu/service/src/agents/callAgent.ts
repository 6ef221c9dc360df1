import { randomUUID } from 'node:crypto';
import type { Hex } from 'viem';
import { now } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Call } from '../gateway/answer.ts';
import { questionIn } from './askAgent.ts';
import { keyOfStep, paidBefore } from './inside.ts';
import { agentIdOf } from './load.ts';
import { errorOf, openRun, requireSameVersion } from './opening.ts';
import type { StepResult } from './steps.ts';
import type { Perform, Task, Workshop } from './task.ts';

/** Most agents that call one another. */
const deepest = 4;

/** Calls another agent as a step: a run within the run, paid from the same purse within its own limit and what is left here. */
export async function callAgent(
  perform: Perform,
  shop: Workshop,
  task: Task,
  name: string,
  question: string,
  step: number,
): Promise<StepResult> {
  const { context, store } = shop;
  const { row, purse, asked } = task;
  const agentId = agentIdOf(name);
  const callers = [...task.callers, task.agent.agentId];
  if (agentId === undefined) throw new Error(`${name} is no agent.`);
  if (callers.includes(agentId))
    throw new ServiceError(
      422,
      'agent_loop',
      `${task.agent.model.name} calls ${name}, which is waiting for it: that would go on for ever.`,
      {
        callers: callers.map((id) => `agent/${id}`),
      },
    );
  if (callers.length >= deepest)
    throw new ServiceError(
      422,
      'agent_too_deep',
      `${name} would be the ${callers.length + 1}th agent in a row: ${deepest} may call one another.`,
    );
  const idempotencyKey = keyOfStep(row.id, step);
  const before = await paidBefore(context, purse, idempotencyKey);
  if (before) return before;
  const agent = await shop.agents.load(agentId);
  const inner = questionIn(question, asked.sampling);
  const begun = await store.ofStep(row.id, step);
  if (begun) requireSameVersion(begun, agent);
  const limit = begun?.limit ?? purse.atMost(agent.manifest.limits.spend);
  const innerRow =
    begun ??
    (await store.begin({
      ...openRun(purse.account.channel as Hex, agent, inner),
      ...ownerOf(task),
      limit,
      idempotencyKey,
      requestHash: '',
      parentRun: row.id,
      parentStep: step,
    }));
  const paid = (await store.steps(innerRow.id)).reduce((sum, { cost }) => sum + cost, 0n);
  purse.note(paid);
  const innerPurse = purse.nest(limit - paid);
  const call: Call = {
    id: randomUUID(),
    idempotencyKey,
    parentReceipt: row.runHash as Hex,
    requestHash: '',
    created: now(),
    model: name,
    stream: false,
    includeUsage: false,
  };
  try {
    const done = await perform(shop, {
      ...task,
      row: innerRow,
      agent,
      asked: inner,
      purse: innerPurse,
      callers,
      call,
      isPublic: false,
    });
    const { hash, sequence } = done.receipt;
    return { output: { text: done.delivered.pieces.join('') }, receiptHash: hash as Hex, sequence, cost: done.cost };
  } catch (error) {
    await store.fail(innerRow.id, errorOf(error));
    throw error;
  } finally {
    innerPurse.close();
  }
}

const ownerOf = ({ purse }: Task) => ({ channel: purse.account.channel, payer: purse.account.payer });
