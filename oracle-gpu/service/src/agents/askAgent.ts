import { ServiceError } from '../errors.ts';
import type { ChatRequest } from '../gateway/chatRequest.ts';
import { plainMessages } from '../gateway/chatRequest.ts';

/** What an agent is asked: the conversation, and how its models are to choose their tokens. */
export type AgentQuestion = {
  messages: { role: 'system' | 'user' | 'assistant'; content: string }[];
  /** As the receipt quotes them. */
  quoted: Record<string, unknown>[];
  /** The last thing that the user said. */
  question: string;
  sampling: Sampling;
};

const passedOn = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'presence_penalty',
  'frequency_penalty',
  'repetition_penalty',
  'logit_bias',
  'seed',
  'max_tokens',
  'max_completion_tokens',
] as const;
type Sampling = Pick<ChatRequest, (typeof passedOn)[number]>;

/** What an agent decides itself. */
const decidedByAgent = ['tools', 'tool_choice', 'response_format', 'retrieval', 'logprobs', 'stop'] as const;

/** Reads a chat request that names an agent. Throws 400 for what only models can be asked. */
export function questionOf(body: ChatRequest): AgentQuestion {
  const field = decidedByAgent.find((name) => body[name] != null) ?? ((body.n ?? 1) > 1 ? 'n' : undefined);
  if (field)
    throw new ServiceError(
      400,
      'invalid_request',
      `The field ${field} is for models, an agent decides that itself: leave it out.`,
      {
        field,
      },
    );
  const messages = plainMessages(body.messages).map(({ role, content }) => ({ role: role as 'system', content }));
  const question = messages.findLast(({ role }) => (role as string) === 'user')?.content ?? '';
  if (question.trim() === '')
    throw new ServiceError(400, 'empty_query', 'There is no question for the agent: send a message of the user with text.');
  return { messages, quoted: body.messages, question, sampling: samplingOf(body) };
}

export function questionIn(prompt: string, sampling: Sampling): AgentQuestion {
  const messages = [{ role: 'user' as const, content: prompt }];
  return { messages, quoted: messages, question: prompt, sampling };
}

const samplingOf = (body: ChatRequest): Sampling =>
  Object.fromEntries(passedOn.flatMap((name) => (body[name] == null ? [] : [[name, body[name]]])));
