import {
  adaptersHash,
  type Check,
  compareEngines,
  type Generation,
  generationSchema,
  judgeReplay,
  type ReceiptBundle,
  replayTolerance,
  verifyReceipt,
} from '@openledger/sdk';
import { type Engine, openEngine } from '../engine/client.ts';
import type { Attribution, EngineHealth } from '../engine/schemas.ts';
import { ServiceError } from '../errors.ts';
import { readQuoted } from '../gateway/asked.ts';
import type { Sampling } from '../gateway/requestFields.ts';
import { checksTable, countChecks } from './print.ts';
import { quotedPassages } from './quotedPassages.ts';
import { readBundle } from './readBundle.ts';

/** Options of `openledger receipt replay`. */
export const replayOptions = {
  engine: { type: 'string' },
  tolerance: { type: 'string' },
  records: { type: 'string' },
} as const;

type Options = { engine?: string | undefined; tolerance?: string | undefined; records?: string | undefined };

const localEngine = 'http://127.0.0.1:8100';

/**
 * Has an engine read a receipt's answer again and says where it would have answered otherwise.
 * @returns 0 when it agrees within the tolerance, 1 when it does not or the receipt itself is wrong, 2 when nothing can be
 * told. What keeps it from asking is thrown as one sentence that says what to do.
 */
export async function receiptReplay(path: string, options: Options, print: (text: string) => void): Promise<0 | 1 | 2> {
  const bundle = readBundle(path);
  if (bundle.trace.run !== undefined)
    throw new Error('This is an agent’s own receipt: no engine made it. Replay those of its steps, which stand beside it.');
  const nats = toleranceOf(options.tolerance);
  const passages = quotedPassages(bundle, options.records);
  const { asked, tokenIds } = requireWhole(bundle);
  const { checks: verified } = await verifyReceipt(bundle, {});
  const wrong = verified.filter(({ status }) => status === 'failed');
  if (wrong.length > 0) {
    print(checksTable(verified));
    print(`\nThis receipt is wrong before any replay: ${countChecks(verified)}.`);
    return 1;
  }
  const made = generationSchema.safeParse(bundle.trace);
  if (!made.success)
    throw new Error('The receipt does not say how its answer was made: ask its operator for the trace of the call.');

  const url = options.engine ?? process.env.OPENLEDGER_ENGINE_URL ?? localEngine;
  const { engine, health } = await openEngineAt(url, bundle);
  const adapter = await adapterOf(engine, bundle);
  const given = passages.length > 0 ? { passages } : {};
  const replayed = await engine.replay({ adapter, ...asked, tokenIds, ...settingsOf(made.data), ...given });
  const attributed = await attribute(engine, adapter, replayed.promptTokenIds, tokenIds, bundle);
  const checks = judgeReplay(bundle, made.data, replayed, attributed, health, { ...replayTolerance, nats });
  print(checksTable(checks));
  print(`\n${compareEngines(made.data, health)}`);
  return conclude(checks, print);
}

function conclude(checks: readonly Check[], print: (text: string) => void): 0 | 1 | 2 {
  const of = (status: Check['status']): string[] => checks.filter((one) => one.status === status).map(({ name }) => name);
  if (of('failed').length > 0) {
    print(`This engine gives another answer: ${countChecks(checks)} (${of('failed').join(', ')}).`);
    return 1;
  }
  if (of('skipped').includes('tokens')) {
    print(`This engine cannot tell: ${countChecks(checks)} (${of('skipped').join(', ')}).`);
    return 2;
  }
  const unseen = of('skipped').length > 0 ? ` (${of('skipped').join(', ')})` : '';
  print(`This engine gives the same answer: ${countChecks(checks)}${unseen}.`);
  return 0;
}

function toleranceOf(text: string | undefined): number {
  if (text === undefined) return replayTolerance.nats;
  const nats = Number(text);
  if (text.trim() === '' || !Number.isFinite(nats) || nats < 0)
    throw new Error(`--tolerance must be a number of nats like ${replayTolerance.nats}, not "${text}".`);
  return nats;
}

/** The payer's part of the bundle. */
function requireWhole({ salt, messages, answer, tokenIds, receiptHash, composition }: ReceiptBundle) {
  if (!salt || !messages || answer === undefined || !tokenIds)
    throw new Error(
      `This is the public part of a receipt, without prompt and answer: fetch it with the API key that paid (GET /v1/receipts/${receiptHash}).`,
    );
  if (tokenIds.length === 0) throw new Error('This answer has no token: there is nothing to replay.');
  if (composition.length !== 1)
    throw new Error(
      'Several releases gave this answer: no engine replays that yet, so verify it with openledger receipt verify.',
    );
  const read = readQuoted(messages);
  if (!read) throw new Error('The messages of this receipt are none that an engine reads: ask its operator what it read.');
  return { asked: { ...read.input, ...(read.format ? { format: read.format } : {}) }, tokenIds };
}

/** How the tokens were chosen. */
function settingsOf(made: Generation) {
  const { temperature, topP, seed, stop } = made;
  const { topK, minP, presencePenalty, frequencyPenalty, repetitionPenalty, logitBias } = made;
  const others = { topK, minP, presencePenalty, frequencyPenalty, repetitionPenalty, logitBias };
  const asked = Object.entries(others).filter(([, value]) => value !== undefined);
  return { temperature, topP, seed, stop, ...(Object.fromEntries(asked) as Partial<Sampling>) };
}

/** An engine that runs the receipt's base model. */
async function openEngineAt(url: string, { release }: ReceiptBundle): Promise<{ engine: Engine; health: EngineHealth }> {
  if (!URL.canParse(url)) throw new Error(`--engine must be an address like ${localEngine}, not "${url}".`);
  const engine = openEngine(url.replace(/\/$/, ''));
  const health = await engine.health().catch(() => {
    throw new Error(`No engine answers at ${url}: start one (openlora serve), or name another with --engine.`);
  });
  const { base } = health;
  if (!base) throw new Error(`The engine at ${url} is still loading its model: try again in a minute.`);
  if (base.id !== release.baseModel || base.tokenizerHash !== release.tokenizerHash)
    throw new Error(
      `The engine at ${url} runs ${base.name} (${base.id}), and the receipt's release is built on ${release.baseModel}: start one with that base model and tokenizer.`,
    );
  return { engine, health };
}

/** Id of the release's adapter in the engine; null for a release without one. */
async function adapterOf(engine: Engine, { release, composition }: ReceiptBundle): Promise<string | null> {
  if (release.adaptersHash === adaptersHash([])) return null;
  const found = (await engine.adapters()).find(
    ({ id }) => adaptersHash([{ adapterId: id as `0x${string}`, weightBps: 10_000 }]) === release.adaptersHash,
  );
  if (!found)
    throw new Error(
      `This engine has no adapter of release ${composition[0]?.releaseHash}: put the two files that the release's manifest names into its folder adapters/<adapter id>.`,
    );
  return found.id;
}

/** What the engine finds as records, or why it cannot look. */
async function attribute(
  engine: Engine,
  adapter: string | null,
  promptTokenIds: number[],
  tokenIds: number[],
  { release }: ReceiptBundle,
): Promise<Attribution | string> {
  if (release.indexRows === 0 || adapter === null) return 'The release has no attribution index: there are no scores to compare.';
  try {
    return await engine.attribute({ adapter, promptTokenIds, tokenIds, top: 32 });
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'no_index')
      return 'This engine has no attribution index of the adapter: ask one that trained it for the scores.';
    throw error;
  }
}
