import type { ToldToken } from '../engine/schemas.ts';
import { chatFinish, contentOf } from './delivered.ts';
import type { Shape } from './render.ts';
import { splitCalls, type ToolCall } from './toolCalls.ts';

/** Answers in the shape of OpenAI's chat completions. */
export const chatShape: Shape = {
  prefix: 'chatcmpl',
  object: 'chat.completion',
  chunk: 'chat.completion.chunk',
  start: () => ({ delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }),
  piece: (text, told, { id, hasTools }) => {
    const { content, calls } = hasTools ? splitCalls(text) : { content: text, calls: [] };
    const tools = calls.length > 0 ? { tool_calls: calls.map((call, index) => ({ index, ...toolCall(call, id, index) })) } : {};
    const delta = { ...(content !== '' || calls.length === 0 ? { content } : {}), ...tools };
    return { delta, logprobs: told ? logprobsOf(told) : null, finish_reason: null };
  },
  finish: (delivered) => ({ delta: {}, logprobs: null, finish_reason: chatFinish(delivered) }),
  whole: (delivered, id) => {
    const { content, calls } = contentOf(delivered);
    const tools = calls.length > 0 ? { tool_calls: calls.map((call, index) => toolCall(call, id, index)) } : {};
    return {
      message: { role: 'assistant', content: content === '' && calls.length > 0 ? null : content, refusal: null, ...tools },
      logprobs: delivered.logprobs ? logprobsOf(delivered.logprobs.flat()) : null,
      finish_reason: chatFinish(delivered),
    };
  },
};

const toolCall = ({ name, arguments: given }: ToolCall, id: string, index: number) => ({
  id: `call_${id.replaceAll('-', '').slice(0, 24)}${index}`,
  type: 'function',
  function: { name, arguments: given },
});

function logprobsOf(told: readonly ToldToken[]) {
  const one = ({ token, logprob, bytes }: Omit<ToldToken, 'top'>) => ({ token, logprob, bytes });
  return { content: told.map((token) => ({ ...one(token), top_logprobs: token.top.map(one) })), refusal: null };
}
