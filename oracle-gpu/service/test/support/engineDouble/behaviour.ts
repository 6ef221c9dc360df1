// What the engine's double is, and what a test wants of it to go wrong, or slow.
import { hex, sha256 } from './tokens.ts';

export const nullThreshold = 1_000;
/** A shared word counts 900: so much of a component of the query, times the row's. Twelve words fit a component. */
export const perShared = { query: 10, row: 90, words: 12 };

export const doubleBase = {
  id: hex(sha256('base')),
  name: 'test-double',
  family: 'llama',
  licence: 'Apache-2.0',
  parameters: 1000,
  contextLength: 128,
  tokenizerHash: hex(sha256('tokenizer')),
};

export type Behaviour = ReturnType<typeof newBehaviour>;

export function newBehaviour() {
  return {
    tokenDelayMs: 0,
    attributionFailures: 0,
    /** What it answers instead of repeating the question. */
    says: undefined as undefined | string,
    /** Address of an engine that answers in its place, without an adapter; the double still trains and attributes. */
    answersBy: undefined as undefined | string,
    /** Whether its queue is full. */
    isBusy: false,
    isIndexMissing: false,
    isIndexingBroken: false,
    breakAfterTokens: Number.POSITIVE_INFINITY,
    stepDelayMs: 0,
    /** Components before those of the first record, nothing in every row: with 4,096 of them rows have several chunks. */
    emptyComponents: 0,
    failTraining: undefined as undefined | { message: string; hint: string },
    /** What a calibration states too much, bps. */
    lieBps: 0,
    failCalibration: undefined as undefined | string,
    failEvaluation: undefined as undefined | string,
    /** Why its base cannot be written as GGUF. */
    ggufRefusal: undefined as undefined | string,
    isExportQueueFull: false,
    failPreview: undefined as undefined | [status: number, code: string, message: string],
    onPreview: undefined as undefined | (() => void | Promise<void>),
    onAttribute: undefined as undefined | (() => void | Promise<void>),
    onToken: undefined as undefined | ((index: number) => void | Promise<void>),
  };
}
