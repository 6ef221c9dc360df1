import { z } from 'zod';
import type { ChatMessage } from '../engine/client.ts';
import { ServiceError } from '../errors.ts';

const schemaSchema = z.record(z.string(), z.json());
const nameSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -');

export const responseFormatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: nameSchema,
      description: z.string().nullish(),
      schema: schemaSchema,
      strict: z.boolean().nullish(), // it always is
    }),
  }),
]);

export const toolsSchema = z
  .array(
    z.strictObject({
      type: z.literal('function'),
      function: z.strictObject({
        name: nameSchema,
        description: z.string().nullish(),
        parameters: schemaSchema.nullish(),
        strict: z.boolean().nullish(), // it always is
      }),
    }),
  )
  .min(1)
  .max(64);

export const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: nameSchema }) }),
]);

/** What a chat asks of its answer's form, in the words of the request: a receipt quotes them before the messages. */
export const formatSchema = z.strictObject({
  response_format: responseFormatSchema.nullish(),
  tools: toolsSchema.nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
});
export type FormatRequest = z.output<typeof formatSchema>;

/** The form of an answer as the engine takes it. */
export type Format =
  | { schema: Record<string, unknown> }
  | { tools: { name: string; parameters?: Record<string, unknown> }[]; choice: 'auto' | 'required'; parallel: boolean };

/** Throws 400 for what contradicts itself. @returns undefined where any text will do */
export function formatOf({ response_format, tools, tool_choice, parallel_tool_calls }: FormatRequest): Format | undefined {
  const refuse = (field: string, message: string) => new ServiceError(400, 'invalid_request', message, { field });
  if (!tools && tool_choice && tool_choice !== 'none')
    throw refuse('tool_choice', 'The field tool_choice chooses among tools: send tools with it.');
  const schema =
    response_format?.type === 'json_schema'
      ? response_format.json_schema.schema
      : response_format?.type === 'json_object'
        ? { type: 'object' }
        : undefined;
  const called = tool_choice === 'none' ? undefined : callable(tools ?? [], tool_choice);
  if (called?.length === 0 && tools)
    throw refuse('tool_choice', 'The field tool_choice names a function that is not among the tools: name one of them.');
  if (!tools || !called) return schema ? { schema } : undefined;
  if (schema) throw refuse('response_format', 'An answer is JSON or calls tools: send response_format or tools.');
  return {
    tools: called.map(({ function: { name, parameters } }) => ({ name, ...(parameters ? { parameters } : {}) })),
    choice: tool_choice === undefined || tool_choice === null || tool_choice === 'auto' ? 'auto' : 'required',
    parallel: parallel_tool_calls ?? true,
  };
}

type Tools = z.output<typeof toolsSchema>;

const callable = (tools: Tools, choice: FormatRequest['tool_choice']): Tools =>
  typeof choice === 'object' && choice !== null ? tools.filter((tool) => tool.function.name === choice.function.name) : tools;

/** Tells the model of the tools, as Qwen's and Hermes' templates do: most small bases have none for that. */
export function describeTools({ tools, tool_choice }: FormatRequest, messages: readonly ChatMessage[]): ChatMessage[] {
  if (!tools || tool_choice === 'none') return [...messages];
  const described = tools.map(({ type, function: { name, description, parameters } }) =>
    JSON.stringify({ type, function: { name, description: description ?? '', parameters: parameters ?? { type: 'object' } } }),
  );
  const text = `# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
${described.join('\n')}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>`;
  const [first, ...others] = messages;
  return first?.role === 'system'
    ? [{ role: 'system', content: `${first.content}\n\n${text}` }, ...others]
    : [{ role: 'system', content: text }, ...messages];
}
