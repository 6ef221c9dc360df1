import { z } from 'zod';

/** A request to this service's own interface that a tool stands for. */
export type OwnRequest = { method: 'GET' | 'POST'; url: string; body?: object };

type Tool = {
  title: string;
  description: string;
  input: z.ZodRawShape;
  request: (given: never) => OwnRequest;
  /** What of the answer is told; all of it unless this says otherwise. */
  tell?: (answer: unknown) => unknown;
};

/** Ties what a tool is given to the schema that it is parsed by. */
const define = <S extends z.ZodRawShape>(
  tool: Omit<Tool, 'input' | 'request'> & { input: S; request: (given: z.output<z.ZodObject<S>>) => OwnRequest },
): Tool => tool;

const modelSchema = z
  .string()
  .min(1)
  .max(200)
  .describe(
    'Id of a model or an agent as list_models gives it, such as model/3 or agent/7; auto leaves the choice to the gateway',
  );
const hashSchema = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, 'must be 0x and 64 hex digits')
  .describe('Hash of the receipt, as ask_model gives it');

const answerSchema = z.looseObject({
  choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string().nullable() }) })).min(1),
  receipt: z.looseObject({ receiptHash: z.string(), receipt: z.looseObject({ fee: z.string() }) }),
});
const bundleSchema = z.looseObject({
  sources: z.array(z.looseObject({})).optional(),
  records: z.array(z.looseObject({})),
  allocations: z.array(z.looseObject({})),
});

/** What clients of the Model Context Protocol find here: each tool is a request to the service's own interface. */
export const tools: Record<string, Tool> = {
  list_models: define({
    title: 'List models and agents',
    description: 'The models and agents that answer here, with their prices in wei of OPEN.',
    input: {},
    request: () => ({ method: 'GET', url: '/v1/models' }),
  }),
  list_datanets: define({
    title: 'List datanets',
    description: 'The datanets that answers can cite, with how many records each has and whether it needs a grant.',
    input: {},
    request: () => ({ method: 'GET', url: '/v1/sources' }),
  }),
  ask_model: define({
    title: 'Ask a model or an agent',
    description:
      'An answer, paid by the session of the API key in the Authorization header. Gives the text, what it cost in wei of OPEN, and the hash of its receipt, which names everybody who is paid by it.',
    input: {
      model: modelSchema,
      question: z.string().min(1).max(100_000),
      instructions: z.string().min(1).max(20_000).optional().describe('What the model is told before the question'),
      datanets: z
        .array(z.int().min(1))
        .min(1)
        .max(8)
        .optional()
        .describe('Answer from the records of these datanets, with sources'),
      max_tokens: z.int().min(1).optional(),
      temperature: z.number().min(0).max(2).optional(),
    },
    request: ({ model, question, instructions, datanets, max_tokens, temperature }) => ({
      method: 'POST',
      url: '/v1/chat/completions',
      body: {
        model,
        messages: [
          ...(instructions === undefined ? [] : [{ role: 'system', content: instructions }]),
          { role: 'user', content: question },
        ],
        ...(datanets === undefined ? {} : { retrieval: { datanets } }),
        ...(max_tokens === undefined ? {} : { max_tokens }),
        ...(temperature === undefined ? {} : { temperature }),
      },
    }),
    tell: (answer) => {
      const { choices, receipt } = answerSchema.parse(answer);
      const { receiptHash, sources } = receipt;
      return {
        answer: choices[0]?.message.content ?? '',
        receiptHash,
        fee: receipt.receipt.fee,
        ...(sources === undefined ? {} : { sources }),
      };
    },
  }),
  get_sources: define({
    title: 'Get the sources of an answer',
    description:
      'Which records shaped an answer, which passages it was given from, and what each account is paid for it in wei of OPEN.',
    input: { receipt: hashSchema },
    request: ({ receipt }) => ({ method: 'GET', url: `/v1/receipts/${receipt}` }),
    tell: (answer) => {
      const { sources = [], records, allocations } = bundleSchema.parse(answer);
      return { sources, records, allocations };
    },
  }),
  get_receipt: define({
    title: 'Get a receipt',
    description:
      'A signed receipt with everything that opens its hashes, as `openledger receipt verify` takes it. Prompt and answer only for the key that paid.',
    input: { receipt: hashSchema },
    request: ({ receipt }) => ({ method: 'GET', url: `/v1/receipts/${receipt}` }),
  }),
};
