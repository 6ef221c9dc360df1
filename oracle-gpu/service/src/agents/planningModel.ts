import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4Message,
} from '@ai-sdk/provider';
import type { Hands, Message } from './hands.ts';

type Tools = Parameters<Hands['model']>[2];

/**
 * A model of this gateway as the agent library knows models: each answer is a step of the run. What it is asked must be
 * the same each time that a run goes on, so the names of its calls are counted and not drawn.
 */
export function planningModel(hands: Pick<Hands, 'model'>, model: string): LanguageModelV4 {
  let calls = 0;
  return {
    specificationVersion: 'v4',
    provider: 'openledger',
    modelId: model,
    supportedUrls: {},
    async doGenerate(options) {
      const output = await hands.model(model, options.prompt.flatMap(messagesOf), toolsOf(options));
      const content: LanguageModelV4Content[] = [];
      if (output.text !== '') content.push({ type: 'text', text: output.text });
      for (const { name, arguments: given } of output.calls ?? []) {
        calls += 1;
        content.push({ type: 'tool-call', toolCallId: `call_${calls}`, toolName: name, input: given });
      }
      const unified = output.calls ? ('tool-calls' as const) : ('stop' as const);
      return { content, finishReason: { unified, raw: undefined }, usage: notCounted, warnings: [] };
    },
    doStream() {
      throw new Error('Steps are told when they are whole: use generate.');
    },
  };
}

/** Tokens are counted on the receipts of the steps. */
const notCounted = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

function toolsOf({ tools = [] }: LanguageModelV4CallOptions): Tools {
  const functions = tools.flatMap((tool) =>
    tool.type === 'function'
      ? {
          type: 'function' as const,
          function: {
            name: tool.name,
            description: tool.description ?? '',
            parameters: JSON.parse(JSON.stringify(tool.inputSchema)),
          },
        }
      : [],
  );
  return functions.length > 0 ? functions : undefined;
}

/** One of the library's messages as the chat interface has them. */
function messagesOf(message: LanguageModelV4Message): Message[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.content }];
    case 'user':
      return [{ role: 'user', content: textOf(message.content) }];
    case 'assistant': {
      const content = textOf(message.content);
      const called = message.content.flatMap((part) =>
        part.type === 'tool-call'
          ? {
              id: part.toolCallId,
              type: 'function' as const,
              function: {
                name: part.toolName,
                arguments: typeof part.input === 'string' ? part.input : JSON.stringify(part.input),
              },
            }
          : [],
      );
      if (called.length === 0) return [{ role: 'assistant', content }];
      return [{ role: 'assistant', content: content === '' ? null : content, tool_calls: called }];
    }
    default:
      return message.content.flatMap((part): Message[] =>
        part.type === 'tool-result'
          ? [{ role: 'tool', tool_call_id: part.toolCallId, content: said('value' in part.output ? part.output.value : '') }]
          : [],
      );
  }
}

const textOf = (parts: readonly { type: string }[]): string =>
  parts.map((part) => ('text' in part && part.type === 'text' ? String(part.text) : '')).join('');

const said = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
