import type { AgentRunJson } from '@openledger/sdk';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Delivered } from '../gateway/delivered.ts';
import { chargeRun, ownFee } from './charge.ts';
import { childrenOf } from './children.ts';
import { followSteps } from './fixedPlan.ts';
import { followModel } from './freePlan.ts';
import type { ServedAgent } from './load.ts';
import { createSteps, traceOf } from './steps.ts';
import type { Performed, Task, Workshop } from './task.ts';
import { handsOf } from './useHands.ts';

/**
 * Does the steps of a run and charges it. What was done before is not done again. Throws what ended the run; then the
 * answers inside are charged and the agent's own steps are not.
 */
export async function perform(shop: Workshop, task: Task): Promise<Performed> {
  const { row, agent, purse, asked, callers, call } = task;
  const { manifest, model } = agent;
  const before = await shop.store.steps(row.id);
  // The agent's own fee for the steps so far and the next is always kept.
  let own = purse.slice(0n);
  const keepOwn = (count: number): void => {
    own.release();
    own = purse.slice(ownFee(agent, count, purse.account));
  };
  const stopped = new AbortController();
  const timer = setTimeout(() => stopped.abort(outOfTime(agent)), manifest.limits.seconds * 1000);
  const signal = AbortSignal.any([task.signal, stopped.signal]);
  const steps = createSteps({
    before,
    most: manifest.limits.steps,
    signal,
    store: (step, done) => shop.store.addStep(row.id, step, done),
    tell: (event) => task.tell({ ...event, agent: model.name, depth: callers.length }),
  });
  const hands = handsOf(perform, shop, { ...task, signal }, steps, keepOwn);
  try {
    const { plan } = manifest;
    const text = await (plan.kind === 'steps'
      ? followSteps(hands, plan.steps, asked.question)
      : followModel(hands, plan.model, asked.messages, signal));
    const cost = steps.cost();
    const done = steps.done();
    const run: AgentRunJson = {
      nonce: row.nonce as Hex,
      agent: model.name,
      version: agent.version,
      manifestHash: agent.manifestHash,
      limit: String(row.limit),
      spent: String(cost),
      steps: done.map(traceOf),
      children: done.flatMap(({ receiptHash }) => receiptHash ?? []),
    };
    const delivered: Delivered = {
      pieces: [text],
      finishReason: 'stop',
      promptTokens: 0,
      completionTokens: 0,
      shape: 'chat',
      hasTools: false,
      // Whoever called it as a step finds the receipts of its steps beneath its own.
      ...(callers.length === 0 ? { run: await saysRun(shop.context, row.id) } : {}),
    };
    own.release();
    const receipt = await chargeRun(shop.context, {
      ...{ agent, purse, call, run, delivered },
      messages: asked.quoted,
      salt: row.salt as Hex,
      isPublic: task.isPublic,
    });
    await shop.store.finish(row.id, receipt.hash as Hex);
    return { receipt, delivered, cost: cost + receipt.fee };
  } catch (error) {
    await steps.settled();
    throw signal.aborted ? signal.reason : error;
  } finally {
    own.release();
    clearTimeout(timer);
  }
}

async function saysRun(context: Context, runId: string): Promise<NonNullable<Delivered['run']>> {
  const children = (await childrenOf(context, runId)).map((text) => JSON.parse(text));
  return { run: { id: runId, children } };
}

const outOfTime = ({ model, manifest }: ServedAgent): ServiceError =>
  new ServiceError(
    504,
    'agent_time_limit',
    `${model.name} has no answer after the ${manifest.limits.seconds} s that its manifest allows.`,
    {
      limit: manifest.limits.seconds,
    },
  );
