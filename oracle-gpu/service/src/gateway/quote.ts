import { automaticModel } from '@openledger/sdk';
import type { Address } from 'viem';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import { type Retrieved, retrieve, roomFor } from '../retrieval/retrieve.ts';
import { chooseModel } from '../routing/chooseModel.ts';
import type { Asked, Choice } from './asked.ts';
import { priceOf } from './composeReceipt.ts';
import { resolveModel, type ServedModel } from './resolveModel.ts';

/** One answer as it may come to be. */
export type QuotedChoice = {
  choice: Choice;
  promptTokenIds: number[];
  maxTokens: number;
  /** Wei, if the answer takes all its tokens. */
  most: bigint;
};

/** What a request comes to before it runs. */
export type Quote = {
  model: ServedModel;
  choices: QuotedChoice[];
  /** Where the call asks for sources. */
  retrieved: Retrieved | undefined;
  /** Wei, of all its answers. */
  most: bigint;
};

/** Who pays; nobody yet, where it is only asked what a call would cost. */
type Caller = Parameters<typeof priceOf>[2] & { payer?: string };
const nobody: Caller = { app: '0x0000000000000000000000000000000000000000', appMarkupBps: 0 };

/** Finds the model and the sources, counts the prompts' tokens and prices the longest answers. Throws as calls do. */
export async function quote(context: Context, asked: Asked, caller = nobody): Promise<Quote> {
  const inputs = [...new Set(asked.choices.map(({ input }) => input))];
  const [model, ...counted] = await Promise.all([
    asked.model === automaticModel ? chooseModel(context, inputs) : resolveModel(context, asked.model),
    ...inputs.map((input) => countTokens(context, input, asked.maxTokens === 0)),
  ]);
  const { limits } = context.config;
  const retrieved = await find(context, asked, counted[0], caller);
  const retrievalTokens = retrieved?.mostTokens ?? 0;
  const choices = asked.choices.map((choice) => {
    const { promptTokens, promptTokenIds, contextLength } = counted[inputs.indexOf(choice.input)] as Counted;
    const room = contextLength - promptTokens - retrievalTokens;
    const maxTokens = Math.min(asked.maxTokens ?? limits.maxTokens, limits.maxTokens, room);
    const usage = { promptTokens, completionTokens: maxTokens, retrievalTokens, agentSteps: 0 };
    return { choice, promptTokenIds, maxTokens, most: priceOf(model, usage, caller).fee };
  });
  return { model, choices, retrieved, most: choices.reduce((sum, { most }) => sum + most, 0n) };
}

type Counted = Awaited<ReturnType<Context['engine']['tokenize']>>;

/** Throws 400 where no token of context is left to answer in. */
async function countTokens({ engine }: Context, input: Choice['input'], isNothingAnswered: boolean): Promise<Counted> {
  const counted = await engine.tokenize(input);
  const { promptTokens, contextLength } = counted;
  if (promptTokens > contextLength || (promptTokens === contextLength && !isNothingAnswered))
    throw new ServiceError(
      400,
      'context_length_exceeded',
      `The prompt has ${promptTokens} tokens and the model reads ${contextLength}: shorten it.`,
      { promptTokens, contextLength },
    );
  return counted;
}

async function find(
  context: Context,
  { retrieval, choices }: Asked,
  counted: Counted | undefined,
  { payer }: Caller,
): Promise<Retrieved | undefined> {
  const input = choices[0]?.input;
  if (!retrieval || !counted || !input || !('messages' in input)) return undefined;
  const room = roomFor(counted.contextLength, counted.promptTokens);
  return retrieve(context, retrieval, input.messages, payer as Address | undefined, room);
}
