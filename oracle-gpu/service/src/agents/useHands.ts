import type { Hex } from 'viem';
import { ServiceError } from '../errors.ts';
import { callAgent } from './callAgent.ts';
import { type Hands, instructionsOf } from './hands.ts';
import { answerInside, type Inside } from './inside.ts';
import type { StepResult, Steps } from './steps.ts';
import type { Perform, Task, Workshop } from './task.ts';

/** What a plan can have done, each a step of this run. `keepOwn` sets the agent's own fee for so many steps aside. */
export function handsOf(perform: Perform, shop: Workshop, task: Task, steps: Steps, keepOwn: (count: number) => void): Hands {
  const { context } = shop;
  const { manifest } = task.agent;
  const { sampling } = task.asked;
  const inside = (step: number): Inside => ({
    purse: task.purse,
    runId: task.row.id,
    runHash: task.row.runHash as Hex,
    step,
    signal: task.signal,
  });
  const paid = (step: number, body: Parameters<typeof answerInside>[2]): Promise<StepResult> => {
    keepOwn(step + 1);
    return answerInside(context, inside(step), { ...sampling, ...body });
  };
  const outputOf = async (step: ReturnType<typeof steps.do>) => (await step).output;

  return {
    manifest,
    model: (model, messages, tools) => {
      const input = { messages, ...(tools ? { tools } : {}) };
      return outputOf(steps.do('model', model, JSON.parse(JSON.stringify(input)), (step) => paid(step, { model, ...input })));
    },
    retrieve: (datanet, question) =>
      outputOf(
        steps.do('retrieve', `datanet/${datanet}`, { question }, (step) =>
          paid(step, {
            model: manifest.models[0]?.model ?? '',
            messages: [
              { role: 'system', content: instructionsOf(manifest) },
              { role: 'user', content: question },
            ],
            retrieval: { datanets: [datanet] },
          }),
        ),
      ),
    tool: (server, tool, given) =>
      outputOf(
        steps.do('tool', `${server} ${tool}`, { arguments: given }, async (step) => {
          keepOwn(step + 1);
          const found = manifest.tools.find((one) => one.server === server);
          if (!found?.tools.some(({ name }) => name === tool))
            throw new Error(`The manifest names no tool ${tool} of ${server}.`);
          return useTool(shop.callTool(found, tool, given, task.signal), task);
        }),
      ),
    agent: (agent, question) =>
      outputOf(
        steps.do('agent', agent, { question }, (step) => {
          keepOwn(step + 1);
          return callAgent(perform, shop, task, agent, question, step);
        }),
      ),
  };
}

/** Of a free plan, the model is told what is wrong with a tool, and goes on; a fixed plan ends there. */
async function useTool(asked: Promise<string>, { agent, signal }: Task): Promise<StepResult> {
  try {
    return { output: { text: await asked } };
  } catch (error) {
    if (signal.aborted || agent.manifest.plan.kind !== 'free' || !(error instanceof ServiceError)) throw error;
    return { output: { text: error.message }, error: error.code };
  }
}
