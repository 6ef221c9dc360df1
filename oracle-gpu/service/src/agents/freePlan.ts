import { jsonSchema, type ModelMessage, stepCountIs, ToolLoopAgent, type ToolSet, tool } from 'ai';
import { z } from 'zod';
import { ServiceError } from '../errors.ts';
import type { AgentQuestion } from './askAgent.ts';
import { type Hands, instructionsOf } from './hands.ts';
import { planningModel } from './planningModel.ts';
import type { StepOutput } from './steps.ts';

const promptSchema = z.object({ prompt: z.string().min(1) });
const questionSchema = z.object({ question: z.string().min(1) });
const argumentsSchema = z.record(z.string(), z.json());

/** Lets a model decide which tools to use, until it answers without calling one. @returns that answer */
export async function followModel(
  hands: Hands,
  model: string,
  messages: AgentQuestion['messages'],
  signal: AbortSignal,
): Promise<string> {
  let failed: { error: unknown } | undefined;
  /** The library tells a model of errors in its tools, and asks again after those of a model; these here end the run. */
  const orEnd = async (made: Promise<StepOutput>): Promise<StepOutput> => {
    try {
      return await made;
    } catch (error) {
      failed ??= { error };
      throw error;
    }
  };
  const ending: Hands = {
    manifest: hands.manifest,
    model: (...asked) => orEnd(failed ? Promise.reject(failed.error) : hands.model(...asked)),
    retrieve: (...asked) => orEnd(hands.retrieve(...asked)),
    tool: (...asked) => orEnd(hands.tool(...asked)),
    agent: (...asked) => orEnd(hands.agent(...asked)),
  };
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const agent = new ToolLoopAgent({
    model: planningModel(ending, model),
    instructions: [instructionsOf(hands.manifest), ...system].join('\n\n'),
    tools: toolsOf(ending, model),
    maxRetries: 0,
    stopWhen: [stepCountIs(hands.manifest.limits.steps + 1), () => failed !== undefined],
  });
  const asked = messages.filter(({ role }) => role !== 'system') as ModelMessage[];
  const result = await agent.generate({ messages: asked, abortSignal: signal }).catch((error: unknown) => {
    throw failed ? failed.error : error;
  });
  if (failed) throw failed.error;
  if (result.text.trim() === '')
    throw new ServiceError(422, 'agent_no_answer', `${hands.manifest.name} ended without an answer: ask in other words.`);
  return result.text;
}

/** What the manifest lets the planning model use, in the words of the library. */
function toolsOf({ manifest, ...hands }: Hands, planner: string): ToolSet {
  const tools: ToolSet = {};
  const text = async (output: Promise<StepOutput>): Promise<string> => (await output).text;
  const textOnly = (name: string, what: string) =>
    jsonSchema({
      type: 'object',
      properties: { [name]: { type: 'string', description: what } },
      required: [name],
      additionalProperties: false,
    });
  for (const { model, purpose } of manifest.models)
    if (model !== planner)
      tools[`ask_${model.replace('/', '_')}`] = tool({
        description: purpose,
        inputSchema: textOnly('prompt', 'What to ask'),
        execute: (given) => text(hands.model(model, [{ role: 'user', content: promptSchema.parse(given).prompt }])),
      });
  for (const datanet of manifest.datanets)
    tools[`search_datanet_${datanet}`] = tool({
      description: `Answers from the records of datanet ${datanet}, with sources`,
      inputSchema: textOnly('question', 'What to find out'),
      execute: (given) => text(hands.retrieve(datanet, questionSchema.parse(given).question)),
    });
  for (const { agent, purpose } of manifest.agents)
    tools[`ask_${agent.replace('/', '_')}`] = tool({
      description: purpose,
      inputSchema: textOnly('prompt', 'What to ask'),
      execute: (given) => text(hands.agent(agent, promptSchema.parse(given).prompt)),
    });
  for (const [index, { server, tools: offered }] of manifest.tools.entries())
    for (const { name, description, inputSchema } of offered)
      tools[name in tools ? `${name}_${index + 1}` : name] = tool({
        description,
        inputSchema: jsonSchema(inputSchema),
        execute: (given) => text(hands.tool(server, name, argumentsSchema.parse(given))),
      });
  return tools;
}
