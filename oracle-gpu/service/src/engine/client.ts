import { type Replayed, replayedSchema, type Source } from '@openledger/sdk';
import type { Hex } from 'viem';
import { z } from 'zod';
import { cached } from '../cached.ts';
import { ServiceError } from '../errors.ts';
import type { Input } from '../gateway/asked.ts';
import type { Format } from '../gateway/format.ts';
import type { Sampling } from '../gateway/requestFields.ts';
import * as schemas from './schemas.ts';
import { readEvents } from './sse.ts';

export type Engine = ReturnType<typeof openEngine>;
export type ChatMessage = { role: string; content: string };
export type GenerateRequest = Sampling & {
  adapter: string | null;
  /** A chat, or a text to be continued. */
  messages?: ChatMessage[];
  prompt?: string | number[];
  maxTokens: number;
  seed: number;
  format?: Format;
  /** Likely tokens that are told of each. */
  logprobs?: number;
  /** To answer from; their support is measured after the last token. */
  passages?: { recordId: string; cluster: string; text: string; title: string }[];
};
/** A finished answer, and how it was made. */
export type ReplayRequest = Omit<GenerateRequest, 'maxTokens' | 'passages' | 'logprobs'> & {
  tokenIds: number[];
  passages?: QuotedPassage[];
};
export type RetrievalRecord = { recordId: string; cluster: string; messages: ChatMessage[]; source: Source };
/** A piece of a record that an answer was given from, named by the SHA-256 of its text. */
export type QuotedPassage = RetrievalRecord & { sha256: string };
export type SearchRequest = { keys: string[]; query: string; top: number; excluded?: string[]; licences?: string[] };
type TrainingRecord = { recordId: string; cluster: string; messages: ChatMessage[] };
export type TrainingPlan = {
  base: string;
  method: schemas.Method;
  training: schemas.Training & { mix?: { datanet: number; weight: number }[] };
  /** `datanet`: only where the datanets have weights. */
  records: (TrainingRecord & { datanet?: number })[];
};
export type GenerateEvent =
  | ({ type: 'token' } & z.infer<typeof schemas.tokenEventSchema>)
  | ({ type: 'done' } & z.infer<typeof schemas.doneEventSchema>);

const errorSchema = z.object({
  error: z.looseObject({ message: z.string(), code: z.string().nullish(), type: z.string().optional() }),
});
/** The engine over HTTP. Whatever keeps it from answering becomes 503 `engine_unavailable`. */
export function openEngine(url: string) {
  async function ask(path: string, init: RequestInit = {}, timeoutMs = 60_000): Promise<Response> {
    let response: Response;
    try {
      const signal = init.signal ?? (timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : null);
      response = await fetch(url + path, { ...init, signal });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw unavailable('The engine does not answer: try again in a minute.');
    }
    if (response.ok) return response;
    if (response.status === 416)
      throw new ServiceError(416, 'range_not_satisfiable', 'The file does not reach so far: ask for the whole of it again.');
    const parsed = errorSchema.safeParse(await response.json().catch(() => undefined));
    if (!parsed.success) throw unavailable(`The engine answered ${response.status}: try again in a minute.`);
    const { message, code, type: _type, ...detail } = parsed.data.error;
    // Below 500 it is the request that must change, or that must come later.
    if (response.status === 429) {
      const retryAfter = Number(response.headers.get('retry-after') ?? 1);
      throw new ServiceError(429, code ?? 'engine_busy', message, { ...detail, retryAfter });
    }
    if (response.status < 500 && code) throw new ServiceError(response.status, code, message, detail);
    throw unavailable(message);
  }

  const post = (body: unknown, signal?: AbortSignal): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });

  async function read<S extends z.ZodType>(
    path: string,
    schema: S,
    init?: RequestInit,
    timeoutMs?: number,
  ): Promise<z.output<S>> {
    const response = await ask(path, init, timeoutMs);
    const parsed = schema.safeParse(await response.json());
    if (!parsed.success)
      throw unavailable(`The engine's answer to ${path} is not what docs/interfaces.md says: run matching versions.`);
    return parsed.data;
  }

  const health = cached(2_000, () => read('/health', schemas.healthSchema, undefined, 5_000));
  const needs = cached(60_000, () => read('/v1/training', schemas.trainingNeedsSchema, undefined, 20_000));

  return {
    health: () => health.get(''),
    /** What each kind of training needs on its base. */
    trainingNeeds: () => needs.get(''),
    tokenize: (input: Input, signal?: AbortSignal) => read('/v1/tokenize', schemas.tokenizeSchema, post(input, signal)),
    /** The same, and how an answer reads as tokens: given as text or as tokens. */
    tokenizeAnswer: (input: Input, answer: { answer: string } | { tokenIds: number[] }) =>
      read('/v1/tokenize', schemas.answerTokensSchema, post({ ...input, ...answer })),
    /** How likely a prompt's own tokens are. */
    score: (body: { adapter: string | null; prompt: string | number[]; logprobs: number }) =>
      read('/v1/score', schemas.scoredSchema, post(body), 300_000),
    attribute: (body: { adapter: string; promptTokenIds: number[]; tokenIds: number[]; top: number; segmentEnds?: number[] }) =>
      read('/v1/attribute', schemas.attributionSchema, post(body), 300_000),
    /** What records that are not in an index would score on stored queries of its answers; slow: a gradient each. */
    preview: (body: { adapter: string; records: TrainingRecord[]; queries: Hex[] }, signal?: AbortSignal) =>
      read('/v1/attribution/preview', schemas.previewSchema, post(body, signal), 300_000),
    /** Unit vectors of what texts mean. */
    embed: (texts: readonly string[]) => read('/v1/embed', schemas.embeddingsSchema, post({ texts }), 120_000),
    replay: (body: ReplayRequest): Promise<Replayed> => read('/v1/replay', replayedSchema, post(body), 300_000),
    /** Which retrieval indexes the engine holds. */
    retrievals: () => read('/v1/retrieval', schemas.retrievalsSchema),
    putRetrieval: (key: string, records: readonly RetrievalRecord[]) =>
      read(
        `/v1/retrieval/${encodeURIComponent(key)}`,
        schemas.retrievalBuiltSchema,
        { ...post({ records }), method: 'PUT' },
        3_600_000,
      ),
    dropRetrieval: (key: string) => read(`/v1/retrieval/${encodeURIComponent(key)}`, z.looseObject({}), { method: 'DELETE' }),
    /** What releases are about, by which questions are led to them. */
    routes: () => read('/v1/routes', schemas.routesSchema),
    putRoute: (key: Hex, texts: readonly string[]) =>
      read(`/v1/routes/${key}`, schemas.routeBuiltSchema, { ...post({ texts }), method: 'PUT' }, 600_000),
    chooseRoute: (keys: readonly Hex[], query: string) =>
      read('/v1/routes/choose', schemas.chosenSchema, post({ keys, query }), 10_000),
    search: (body: SearchRequest) => read('/v1/retrieval/search', schemas.foundSchema, post(body)),
    estimate: (plan: TrainingPlan) => read('/v1/estimate', schemas.estimateSchema, post(plan), 120_000),
    startJob: (id: string, plan: TrainingPlan) => read('/v1/jobs', schemas.jobSchema, post({ id, ...plan }), 120_000),
    job: (id: string) => read(`/v1/jobs/${encodeURIComponent(id)}`, schemas.jobSchema),
    cancelJob: (id: string) => read(`/v1/jobs/${encodeURIComponent(id)}`, schemas.jobSchema, { method: 'DELETE' }),
    calibrationCost: (id: string, runs: number) =>
      read(`/v1/jobs/${encodeURIComponent(id)}/calibration?runs=${runs}`, schemas.calibrationCostSchema, undefined, 120_000),
    /** Begins it, or goes on with it; the same again tells how it stands. */
    startCalibration: (id: string, runs: number) =>
      read(`/v1/jobs/${encodeURIComponent(id)}/calibration`, schemas.calibrationJobSchema, post({ runs }), 120_000),
    calibration: (id: string) => read(`/v1/jobs/${encodeURIComponent(id)}`, schemas.calibrationJobSchema),
    calibrationData: async (id: string) =>
      new Uint8Array(await (await ask(`/v1/jobs/${encodeURIComponent(id)}/data`, {}, 300_000)).arrayBuffer()),
    jobIndex: (id: string) => read(`/v1/jobs/${encodeURIComponent(id)}/index`, schemas.indexRowsSchema),
    /** The int8 components of all rows of its index, one row after another. */
    jobIndexRows: async (id: string) =>
      new Uint8Array(await (await ask(`/v1/jobs/${encodeURIComponent(id)}/index/rows`, {}, 300_000)).arrayBuffer()),
    /** The int8 components of one row of an adapter's index. */
    indexRow: async (adapter: string, position: number) =>
      new Uint8Array(
        await (await ask(`/v1/adapters/${encodeURIComponent(adapter)}/index/rows/${position}`, {}, 60_000)).arrayBuffer(),
      ),
    jobLog: async (id: string) => new Uint8Array(await (await ask(`/v1/jobs/${encodeURIComponent(id)}/log`)).arrayBuffer()),
    adapters: () => read('/v1/adapters', schemas.adaptersSchema),
    checkpointFile: async (id: string, step: number, name: string) =>
      new Uint8Array(
        await (await ask(`/v1/jobs/${encodeURIComponent(id)}/checkpoints/${step}/files/${name}`, {}, 300_000)).arrayBuffer(),
      ),
    adapterFile: async (id: string, name: string) =>
      new Uint8Array(await (await ask(`/v1/adapters/${encodeURIComponent(id)}/files/${name}`, {}, 300_000)).arrayBuffer()),

    /** Measures the base and these adapters on the same questions; the same again tells how it stands. */
    startEvaluation: (adapters: readonly string[], items: readonly TrainingRecord[], maxTokens: number) =>
      read('/v1/evaluations', schemas.evaluationJobSchema, post({ adapters, items, maxTokens }), 120_000),
    evaluation: (id: string) => read(`/v1/evaluations/${encodeURIComponent(id)}`, schemas.evaluationJobSchema),
    /** Adapters that a training has kept so far, by step. */
    checkpoints: (id: string) => read(`/v1/jobs/${encodeURIComponent(id)}/checkpoints`, schemas.checkpointsSchema),
    /** Has the engine answer with one of them, under its digest, while the training keeps it. */
    lendCheckpoint: (id: string, step: number) =>
      read(`/v1/jobs/${encodeURIComponent(id)}/checkpoints/${step}/lend`, schemas.checkpointSchema, post({})),
    /** What an adapter can be exported as. */
    exportFormats: (adapter: string) => read(`/v1/exports?adapter=${encodeURIComponent(adapter)}`, schemas.exportFormatsSchema),
    startExport: (adapter: string, format: schemas.ExportFormat, provenance: object) =>
      read('/v1/exports', schemas.exportStateSchema, post({ adapter, format, provenance })),
    exportState: (id: string) => read(`/v1/exports/${encodeURIComponent(id)}`, schemas.exportStateSchema),
    /** A file of a finished export, as it comes; with `range` the part of it that a Range header asks for. */
    exportFile: (id: string, name: string, range: string | undefined, signal: AbortSignal) =>
      ask(
        `/v1/exports/${encodeURIComponent(id)}/files/${encodeURIComponent(name)}`,
        { signal, ...(range === undefined ? {} : { headers: { range } }) },
        0,
      ),

    /** Streams an answer. Ends with `done`, or throws; aborting the signal stops the engine too. */
    async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
      const response = await ask('/v1/generate', post(request, signal), 0);
      if (!response.body) throw unavailable('The engine sent no answer: try again.');
      try {
        for await (const { event, data } of readEvents(response.body)) {
          if (event === 'token') yield { type: 'token', ...schemas.tokenEventSchema.parse(JSON.parse(data)) };
          if (event === 'done') return yield { type: 'done', ...schemas.doneEventSchema.parse(JSON.parse(data)) };
          if (event === 'error') throw refusalOf(data);
        }
      } catch (error) {
        if (signal.aborted || error instanceof ServiceError) throw error;
        throw unavailable('The engine stopped in the middle of the answer: try again.');
      }
      throw unavailable('The engine stopped in the middle of the answer: try again.');
    },

    /** A job's events from `from`, live until its final one. */
    async *jobEvents(id: string, from: number, signal: AbortSignal): AsyncGenerator<schemas.EngineJobEvent> {
      const response = await ask(`/v1/jobs/${encodeURIComponent(id)}/events?from=${from}`, { signal }, 0);
      if (!response.body) throw unavailable('The engine sent no events.');
      for await (const { data } of readEvents(response.body)) yield schemas.jobEventSchema.parse(JSON.parse(data));
    },
  };
}

/** What the engine found wrong with a request in the middle of its answer. */
function refusalOf(data: string): ServiceError {
  const parsed = errorSchema.safeParse(JSON.parse(data));
  const { message, code, type } = parsed.data?.error ?? {};
  if (message && code && type === 'invalid_request_error') return new ServiceError(400, code, message);
  return unavailable('The engine stopped in the middle of the answer: try again.');
}

function unavailable(message: string): ServiceError {
  return new ServiceError(503, 'engine_unavailable', message);
}
