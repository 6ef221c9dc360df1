import type { Routing } from '@openledger/sdk';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { Input } from '../gateway/asked.ts';
import { resolveModel, type ServedModel } from '../gateway/resolveModel.ts';

/** Of a conversation, so many messages of the user are the question where the last one alone is near nothing. */
const mostMessages = 3;
/** Beyond this the embedding model reads nothing of a question, characters. */
const mostRead = 4_096;

type Chooser = Pick<Context, 'engine' | 'routes' | 'config' | 'facts' | 'releases'>;

/**
 * The model for a call that leaves the choice open: the release whose training records the question is nearest to, or the
 * operator's default where none is near. Throws 404 `no_specialist` where there is no default, 400 for a question without text.
 */
export async function chooseModel(context: Chooser, inputs: readonly Input[]): Promise<ServedModel> {
  const { config, routes } = context;
  const asked = questionsOf(inputs);
  const ready = routes.ready();
  const found = ready.size > 0 ? await nearest(context, [...ready.keys()], asked) : undefined;
  if (found?.reason === 'nearest') {
    const releaseHash = found.choices[0]?.releaseHash as Hex;
    return { ...(await resolveModel(context, releaseHash)), name: `model/${ready.get(releaseHash)}`, routing: found };
  }
  const fallback = config.defaultModel;
  if (fallback !== undefined && found) return { ...(await resolveModel(context, fallback)), routing: found };
  if (!found)
    throw new ServiceError(
      503,
      'router_unavailable',
      'No model can be chosen here at the moment: name one of GET /v1/models, or try again in a minute.',
      { retryAfter: 10 },
    );
  throw new ServiceError(
    404,
    'no_specialist',
    'No model here was trained on anything near this question: name one of GET /v1/models, or say more of what it is about.',
    {
      field: 'model',
      threshold: found.threshold,
      nearest: found.choices.map(({ releaseHash, score }) => ({ model: `model/${ready.get(releaseHash)}`, score })),
    },
  );
}

type Question = { text: string; messages: number };

/** What is led to a release: the last message of the user and, for where that is near nothing, the latest ones together. */
function questionsOf(inputs: readonly Input[]): Question[] {
  const [input] = inputs;
  const refuse = (message: string) => new ServiceError(400, 'invalid_request', message, { field: 'model' });
  if (!input || inputs.length > 1)
    throw refuse('The model "auto" is chosen by one question: send one prompt, or name a model of GET /v1/models.');
  if ('prompt' in input) {
    if (typeof input.prompt !== 'string')
      throw refuse('The model "auto" is chosen by text: send the prompt as text, or name a model of GET /v1/models.');
    return [{ text: input.prompt.slice(0, mostRead), messages: 1 }];
  }
  const said = input.messages.filter(({ role, content }) => role === 'user' && content.trim() !== '').map((one) => one.content);
  const last = said.at(-1);
  if (last === undefined)
    throw new ServiceError(
      400,
      'empty_query',
      'There is no question to choose a model by: send a message of the user with text.',
    );
  const latest = said.slice(-mostMessages).reverse();
  const alone = { text: last.slice(0, mostRead), messages: 1 };
  return latest.length === 1 ? [alone] : [alone, { text: latest.join('\n').slice(0, mostRead), messages: latest.length }];
}

/** The choice by the first question that is near any release, or why there is none. */
async function nearest({ engine, routes }: Chooser, keys: Hex[], asked: readonly Question[]): Promise<Routing | undefined> {
  let last: Routing | undefined;
  for (const { text, messages } of asked) {
    const { version, embedder, threshold, choices, abstained } = await engine.chooseRoute(keys, text);
    if (choices.length === 0) {
      routes.forget();
      return undefined;
    }
    const told = choices.map(({ key, score }) => ({ releaseHash: key, score }));
    last = { version, embedder, threshold, messages, reason: abstained ? 'default' : 'nearest', choices: told };
    if (!abstained) return last;
  }
  return last;
}
