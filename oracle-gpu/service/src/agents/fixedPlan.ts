import type { AgentStep } from '@openledger/sdk';
import { type Hands, instructionsOf, type Json } from './hands.ts';

/** Does the steps of a fixed plan in their order. @returns what the last one gave */
export async function followSteps(hands: Hands, steps: readonly AgentStep[], question: string): Promise<string> {
  let previous = '';
  for (const step of steps) {
    const fill = (text: string): string => filled(text, { question, previous });
    // Without a prompt: the question, and what came before it.
    const prompt = fill(
      'prompt' in step && step.prompt ? step.prompt : previous === '' ? '{question}' : '{question}\n\n{previous}',
    );
    previous = (await one(hands, step, prompt, fill)).text;
  }
  return previous;
}

function one(hands: Hands, step: AgentStep, prompt: string, fill: (text: string) => string) {
  switch (step.kind) {
    case 'model':
      return hands.model(step.model, [
        { role: 'system', content: instructionsOf(hands.manifest) },
        { role: 'user', content: prompt },
      ]);
    case 'retrieve':
      return hands.retrieve(step.datanet, prompt);
    case 'agent':
      return hands.agent(step.agent, prompt);
    default:
      return hands.tool(step.server, step.tool, fillAll(step.arguments, fill));
  }
}

/** In one pass, so that what stands for a placeholder is never read as another. */
const filled = (text: string, values: { question: string; previous: string }): string =>
  text.replaceAll(/\{(question|previous)\}/g, (_, name: 'question' | 'previous') => values[name]);

const fillAll = (given: Record<string, Json>, fill: (text: string) => string): Record<string, Json> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, fillIn(value, fill)]));

function fillIn(value: Json, fill: (text: string) => string): Json {
  if (typeof value === 'string') return fill(value);
  if (Array.isArray(value)) return value.map((item) => fillIn(item, fill));
  return typeof value === 'object' && value !== null ? fillAll(value, fill) : value;
}
