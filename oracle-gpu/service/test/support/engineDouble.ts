// A double of the engine for tests: speaks its protocol (docs/interfaces.md), knows nothing of models. Answers are
// made of the question's words, training takes milliseconds, scores count shared words. Everything it hashes is real.
import { createHash } from 'node:crypto';
import {
  canonicalJson,
  int8ToHex,
  int8Tree,
  partialScores,
  recordTokensTree,
  trainingLogRoot,
  treeId,
  zeroHash,
} from '@openledger/sdk';
import Fastify, { type FastifyReply } from 'fastify';
import type { Hex } from 'viem';
import { type CalibrationJob, calibrate } from './calibrationDouble.ts';
import { answerFrom, type Passage, type RetrievalRecord, searchRecords } from './retrievalDouble.ts';

type Message = { role: string; content: string };
type JobRecord = { recordId: Hex; cluster: Hex; messages: Message[] };
type Plan = { base: string; training: { epochs: number; batchSize: number; heldOutEvery: number }; records: JobRecord[] };
type JobEvent = { seq: number; time: number; type: string } & Record<string, unknown>;
type Job = {
  id: string;
  plan: Plan;
  events: JobEvent[];
  log: string[];
  adapter: Hex;
  files: Record<string, Buffer>;
  rows: IndexRow[];
  /** int8 components of all rows. */
  components: Int8Array;
  /** Where in a row its own components begin: there it holds `perShared.row`, and nothing elsewhere. */
  places: number[];
  result?: object;
};
type IndexRow = { position: number; recordId: Hex; cluster: Hex; tokensRoot: Hex; scaleBits: number; rowRoot: Hex };

const sha256 = (data: Buffer | string): Buffer => createHash('sha256').update(data).digest();
const hex = (bytes: Buffer): Hex => `0x${bytes.toString('hex')}`;
const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
const known = new Map<string, number>();
const tokenOf = (word: string): number => {
  const token = known.get(word) ?? sha256(word).readUInt16BE(0);
  known.set(word, token);
  return token;
};
const wordOf = (token: number): string => [...known].find(([, one]) => one === token)?.[0] ?? '?';
const nullThreshold = 1_000;
/** A shared word counts 900: so much of a component of the query, times the row's. Twelve words fit a component. */
const perShared = { query: 10, row: 90, words: 12 };

export const doubleBase = {
  id: hex(sha256('base')),
  name: 'test-double',
  family: 'llama',
  licence: 'none',
  parameters: 1000,
  contextLength: 128,
  tokenizerHash: hex(sha256('tokenizer')),
};

export type EngineDouble = Awaited<ReturnType<typeof startEngineDouble>>;

export async function startEngineDouble() {
  const app = Fastify({ bodyLimit: 64 * 1024 * 1024, forceCloseConnections: true });
  const jobs = new Map<string, Job>();
  /** What a test wants to go wrong, or slow. */
  const behaviour = {
    tokenDelayMs: 0,
    attributionFailures: 0,
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
    failPreview: undefined as undefined | [status: number, code: string, message: string],
    onPreview: undefined as undefined | (() => void | Promise<void>),
    onAttribute: undefined as undefined | (() => void | Promise<void>),
    onToken: undefined as undefined | ((index: number) => void | Promise<void>),
  };
  const count = { generate: 0, attribute: 0, preview: 0, built: 0, calibrate: 0 };
  const retrieval = new Map<string, RetrievalRecord[]>();

  const refuse = (reply: FastifyReply, status: number, code: string, message: string, detail = {}) =>
    reply.code(status).send({ error: { message, type: 'engine_error', code, ...detail } });
  const promptTokens = (messages: Message[]): number[] => messages.flatMap(({ content }) => words(content)).map(tokenOf);
  const find = (adapter: string): Job | undefined => [...jobs.values()].find((job) => job.adapter === adapter && job.result);

  app.get('/health', async () => ({
    status: 'ok',
    engine: 'double',
    engineHash: hex(sha256('double')),
    device: 'cpu',
    threads: 1,
    base: doubleBase,
  }));

  app.post<{ Body: { messages: Message[]; answer?: string; tokenIds?: number[] } }>('/v1/tokenize', async (request, reply) => {
    const { messages, answer, tokenIds: given } = request.body;
    const ids = promptTokens(messages);
    if (ids.length >= doubleBase.contextLength) return tooLong(reply, ids.length);
    const counted = { promptTokens: ids.length, promptTokenIds: ids, contextLength: doubleBase.contextLength };
    if (answer === undefined && given === undefined) return counted;
    const said = answer?.match(/\s*[\p{L}\p{N}]+[^\p{L}\p{N}\s]*/gu) ?? given?.map((token) => ` ${wordOf(token)}`) ?? [];
    const tokenIds = given ?? said.map((piece) => tokenOf(words(piece)[0] ?? ''));
    if (ids.length + tokenIds.length > doubleBase.contextLength) return tooLong(reply, ids.length);
    return { ...counted, tokenIds, pieces: said.map((piece, index) => (index === 0 ? piece.trimStart() : piece)) };
  });

  const tooLong = (reply: FastifyReply, length: number) =>
    refuse(reply, 400, 'context_length_exceeded', `The prompt has ${length} tokens: shorten it.`, {
      promptTokens: length,
      contextLength: doubleBase.contextLength,
    });

  app.post<{ Body: { adapter: string | null; messages: Message[]; maxTokens: number; passages?: Passage[] } }>(
    '/v1/generate',
    async (request, reply) => {
      const { adapter, messages, maxTokens, passages = [] } = request.body;
      count.generate += 1;
      if (adapter && !find(adapter)) return refuse(reply, 404, 'adapter_not_found', 'There is no such adapter.');
      const prompt = promptTokens(messages);
      if (prompt.length >= doubleBase.contextLength) return tooLong(reply, prompt.length);
      const { all, measured } = answerFrom(['Answer', ...words(messages.at(-1)?.content ?? '')], passages);
      const read = passages.flatMap(({ text }) => words(text)).map(tokenOf);
      const answer = all.slice(0, maxTokens);
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
      const send = (event: string, data: unknown): void =>
        void reply.raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      let text = '';
      for (const [index, word] of answer.entries()) {
        if (reply.raw.destroyed) return;
        if (index >= behaviour.breakAfterTokens) {
          reply.raw.destroy();
          return;
        }
        const piece = index === 0 ? word : ` ${word}`;
        text += piece;
        send('token', { index, tokenId: tokenOf(word), text: piece });
        await behaviour.onToken?.(index);
        if (behaviour.tokenDelayMs > 0) await new Promise((done) => setTimeout(done, behaviour.tokenDelayMs));
      }
      send('done', {
        text,
        promptTokenIds: [...read, ...prompt],
        tokenIds: answer.map(tokenOf),
        finishReason: answer.length < all.length ? 'length' : 'stop',
        passages: passages.length > 0 ? { tokens: read.length, ...measured(text) } : null,
      });
      reply.raw.end();
    },
  );

  type Asked = { adapter: string; promptTokenIds: number[]; tokenIds: number[]; top: number; segmentEnds?: number[] };
  app.post<{ Body: Asked }>('/v1/attribute', async (request, reply) => {
    count.attribute += 1;
    await behaviour.onAttribute?.();
    if (behaviour.attributionFailures > 0) {
      behaviour.attributionFailures -= 1;
      return refuse(reply, 500, 'internal', 'The engine failed on this request.');
    }
    const job = find(request.body.adapter);
    if (!job) return refuse(reply, 404, 'adapter_not_found', 'There is no such adapter.');
    if (behaviour.isIndexMissing) return refuse(reply, 409, 'no_index', 'The adapter has no attribution index.');
    const asked = new Set([...request.body.promptTokenIds, ...request.body.tokenIds]);
    const k = job.places.at(-1) ?? 0;
    const query = new Int8Array(k);
    const scored = job.rows.map((row) => {
      const shared = tokensOfRecord(job, row.recordId).filter((token) => asked.has(token)).length;
      askFor(query, job.places[row.position] ?? 0, shared);
      return { ...row, score: shared * perShared.query * perShared.row };
    });
    const seen = new Set<Hex>();
    const records = scored
      .filter(({ score }) => score > nullThreshold)
      .sort((a, b) => b.score - a.score || (a.recordId < b.recordId ? -1 : 1))
      .filter(({ cluster }) => !seen.has(cluster) && seen.add(cluster))
      .slice(0, request.body.top)
      .map(({ position, recordId, cluster, score, rowRoot }) => ({
        position,
        recordId,
        cluster,
        score,
        partials: partialScores(query, job.components.subarray(position * k, (position + 1) * k)),
        rowRoot,
      }));
    const spans = spansOf(job, request.body.tokenIds);
    const found = { queryRoot: int8Tree(treeId.query, query).root, query: int8ToHex(query), nullThreshold, k, records, spans };
    const { segmentEnds } = request.body;
    return segmentEnds ? { ...found, segments: divide(job, request.body, segmentEnds, records) } : found;
  });

  /** Each record's score among segments: a word of the answer that it contains has its worth where it first stands. */
  function divide(job: Job, { tokenIds }: Asked, ends: number[], records: { recordId: Hex; score: number }[]) {
    const worth = perShared.query * perShared.row;
    return ends.map((end, index) => {
      const start = ends[index - 1] ?? 0;
      const scores = records.map(({ recordId, score }) => {
        const own = tokensOfRecord(job, recordId);
        const within = (from: number, to: number): number =>
          own.filter((token) => tokenIds.indexOf(token) >= from && tokenIds.indexOf(token) < to).length * worth;
        return index === ends.length - 1 ? score - within(0, start) : within(start, end);
      });
      return { start, end, scores };
    });
  }

  app.post<{ Body: { adapter: string; records: JobRecord[]; queries: string[] } }>(
    '/v1/attribution/preview',
    async (request, reply) => {
      count.preview += 1;
      await behaviour.onPreview?.();
      const job = find(request.body.adapter);
      if (!job) return refuse(reply, 404, 'adapter_not_found', 'There is no such adapter.');
      if (behaviour.failPreview) return refuse(reply, ...behaviour.failPreview);
      const k = job.places.at(-1) ?? 0;
      const unlike = request.body.queries.find((query) => (query.length - 2) / 2 !== k);
      if (unlike !== undefined) return refuse(reply, 400, 'invalid_request', 'A query is not of this release.');
      // A new record stands between the rows, at each as near as the words they share.
      const rows = request.body.records.map(({ messages }) => {
        const said = new Set(promptTokens(messages));
        const row = new Int8Array(k);
        for (const { position, recordId } of job.rows) {
          const tokens = tokensOfRecord(job, recordId);
          const shared = tokens.filter((token) => said.has(token)).length / tokens.length;
          row.fill(Math.round(perShared.row * shared), job.places[position], job.places[position + 1]);
        }
        return row;
      });
      const scores = request.body.queries.map((query) => {
        const asked = new Int8Array(Buffer.from(query.slice(2), 'hex'));
        return rows.map((row) => partialScores(asked, row).reduce((sum, part) => sum + part, 0));
      });
      const nearest = rows.map(() => ({ position: 0, ...job.rows[0], cosine: 0 }));
      return { nullThreshold, k, scores, nearest };
    },
  );

  /** All that follows the answer's first word, which is what was asked, where records contain it word for word. */
  function spansOf(job: Job, answer: readonly number[]) {
    const said = answer.slice(1).join(' ');
    const seen = new Set<Hex>();
    const sources = job.rows.flatMap(({ position, recordId, cluster }) => {
      const tokens = promptTokens(job.plan.records.find((record) => record.recordId === recordId)?.messages ?? []);
      const offset = tokens.findIndex((_, at) => tokens.slice(at, at + answer.length - 1).join(' ') === said);
      if (offset < 0 || seen.has(cluster) || seen.size === 8) return [];
      seen.add(cluster);
      return [{ position, recordId, cluster, offset }];
    });
    return said === '' || sources.length === 0 ? [] : [{ start: 1, length: answer.length - 1, sources }];
  }

  /** Makes a query score `shared` words with the row whose components begin there. */
  function askFor(query: Int8Array, place: number, shared: number): void {
    for (let left = shared, at = place; left > 0; left -= perShared.words, at += 1)
      query[at] = perShared.query * Math.min(left, perShared.words);
  }

  const tokensByRecord = new Map<Hex, number[]>();
  function tokensOfRecord(job: Job, recordId: Hex): number[] {
    const before = tokensByRecord.get(recordId);
    if (before) return before;
    const record = job.plan.records.find((item) => item.recordId === recordId);
    const tokens = [...new Set(promptTokens(record?.messages ?? []))];
    tokensByRecord.set(recordId, tokens);
    return tokens;
  }

  const stepsOf = ({ training, records }: Plan): number => Math.ceil(records.length / training.batchSize) * training.epochs;
  const tokensOf = ({ training, records }: Plan): number =>
    records.flatMap(({ messages }) => promptTokens(messages)).length * training.epochs;

  app.post<{ Body: Plan }>('/v1/estimate', async (request) => ({
    trainTokens: tokensOf(request.body),
    steps: stepsOf(request.body),
    seconds: 1,
    memoryBytes: 1_000_000,
    sample: { text: 'user: a\nassistant: b', trained: [[19, 20]] },
  }));

  app.post<{ Body: Plan & { id: string } }>('/v1/jobs', async (request, reply) => {
    const { id, ...plan } = request.body;
    const known = jobs.get(id);
    if (!known) {
      const job: Job = {
        id,
        plan,
        events: [],
        log: [],
        adapter: zeroHash,
        files: {},
        rows: [],
        components: new Int8Array(),
        places: [],
      };
      jobs.set(id, job);
      void train(job);
    } else if (canonicalJson(known.plan) !== canonicalJson(plan)) {
      return refuse(reply, 409, 'job_conflict', 'The job exists with other content.');
    }
    return reply.code(202).send(statusOf(jobs.get(id) as Job));
  });

  const statusOf = (job: Job) => {
    const last = job.events.at(-1)?.type;
    const status = last === 'done' || last === 'failed' || last === 'cancelled' ? last : 'running';
    return { id: job.id, status, step: 0, steps: 0, ...(job.result ? { result: job.result } : {}) };
  };

  async function train(job: Job): Promise<void> {
    const { plan } = job;
    const emit = (type: string, fields: object = {}): void =>
      void job.events.push({ seq: job.events.length, time: Math.floor(Date.now() / 1000), type, ...fields });
    const pause = () => new Promise((done) => setTimeout(done, behaviour.stepDelayMs));
    emit('queued');
    const steps = stepsOf(plan);
    const { heldOutEvery } = plan.training;
    const trained = plan.records.filter((_, index) => heldOutEvery === 0 || (index + 1) % heldOutEvery !== 0);
    emit('started', {
      steps,
      trainTokens: tokensOf(plan),
      records: trained.length,
      heldOut: plan.records.length - trained.length,
    });
    emit('evaluation', { when: 'before', heldOutLoss: 3.1, samples: [] });
    job.log.push(canonicalJson({ type: 'start', base: plan.base, seed: 0 }));
    for (let step = 1; step <= steps; step += 1) {
      if (job.events.at(-1)?.type === 'cancelled') return;
      await pause();
      if (behaviour.failTraining) return emit('failed', behaviour.failTraining);
      job.log.push(canonicalJson({ type: 'step', step, recordIds: trained.map(({ recordId }) => recordId) }));
      emit('step', {
        step,
        steps,
        epoch: 0,
        loss: 3.1 - step / steps,
        learningRate: 0.001,
        tokensPerSecond: 100,
        secondsLeft: steps - step,
      });
      if (step === Math.max(1, Math.floor(steps / 2)) || step === steps) {
        const digest = hex(sha256(`${job.id}:${step}`));
        job.log.push(canonicalJson({ type: 'checkpoint', step, digest }));
        emit('checkpoint', { step, digest, logHead: trainingLogRoot(job.log) });
      }
    }
    emit('evaluation', { when: 'after', heldOutLoss: 2.1, samples: [] });
    const weights = sha256(`weights of ${job.id}`);
    const config = Buffer.from(JSON.stringify({ r: 8, base: plan.base }));
    job.files = { 'adapter_model.safetensors': weights, 'adapter_config.json': config };
    job.adapter = hex(sha256(Buffer.concat([sha256(weights), sha256(canonicalJson(JSON.parse(config.toString())))])));
    job.places = [behaviour.emptyComponents];
    for (const { recordId } of trained)
      job.places.push((job.places.at(-1) ?? 0) + Math.ceil(tokensOfRecord(job, recordId).length / perShared.words));
    const k = job.places.at(-1) ?? 0;
    job.components = new Int8Array(trained.length * k);
    for (const position of trained.keys())
      job.components.fill(
        perShared.row,
        position * k + (job.places[position] ?? 0),
        position * k + (job.places[position + 1] ?? 0),
      );
    job.rows = trained.map(({ recordId, cluster, messages }, position) => ({
      position,
      recordId,
      cluster,
      tokensRoot: recordTokensTree(promptTokens(messages)).root,
      scaleBits: 1_065_353_216, // 1.0
      rowRoot: int8Tree(treeId.indexRow, job.components.subarray(position * k, (position + 1) * k)).root,
    }));
    emit('index', { done: trained.length, total: trained.length });
    job.result = {
      adapter: job.adapter,
      adapterBytes: weights.length,
      baseModel: plan.base,
      tokenizerHash: doubleBase.tokenizerHash,
      trainingLogRoot: trainingLogRoot(job.log),
      checkpoint: { step: Math.max(1, Math.floor(steps / 2)), digest: hex(sha256('checkpoint')) },
      index: { rows: job.rows.length, k, seed: zeroHash, projectionHash: hex(sha256('projection')), nullThreshold },
      evaluation: { heldOutLossBefore: 3.1, heldOutLossAfter: 2.1, exactMatch: 0 },
      seconds: 1,
    };
    emit('done', { result: job.result });
  }

  const calibrations = new Map<string, CalibrationJob>();
  app.get<{ Params: { id: string }; Querystring: { runs: string } }>('/v1/jobs/:id/calibration', async (request, reply) => {
    const job = jobs.get(request.params.id);
    const runs = Number(request.query.runs);
    if (!job?.result) return refuse(reply, 404, 'job_not_found', 'There is no such job.');
    if (job.rows.length < 16) return refuse(reply, 409, 'too_few_records', `${job.rows.length} records are too few to measure.`);
    const [id, records] = [`${job.id}.calibration-${runs}`, job.rows.length];
    return { id, seconds: 2 * runs, trainTokens: 100 * runs, runs, runsDone: 0, questions: 16, records };
  });
  app.post<{ Params: { id: string }; Body: { runs: number } }>('/v1/jobs/:id/calibration', async (request, reply) => {
    const job = jobs.get(request.params.id);
    if (!job?.result) return refuse(reply, 404, 'job_not_found', 'There is no such job.');
    const id = `${job.id}.calibration-${request.body.runs}`;
    count.calibrate += 1;
    const made = calibrations.get(id) ?? calibrate(id, job, request.body.runs, behaviour);
    calibrations.set(id, made);
    return reply.code(202).send(made.state());
  });
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/data', async (request, reply) =>
    reply.type('application/json').send(calibrations.get(request.params.id)?.data ?? ''),
  );
  app.get<{ Params: { id: string } }>('/v1/jobs/:id', async (request, reply) => {
    const calibration = calibrations.get(request.params.id);
    if (calibration) return calibration.state();
    const job = jobs.get(request.params.id);
    return job ? statusOf(job) : refuse(reply, 404, 'job_not_found', 'There is no such job.');
  });
  app.delete<{ Params: { id: string } }>('/v1/jobs/:id', async (request, reply) => {
    const job = jobs.get(request.params.id);
    if (!job) return refuse(reply, 404, 'job_not_found', 'There is no such job.');
    job.events.push({ seq: job.events.length, time: 0, type: 'cancelled' });
    return statusOf(job);
  });
  app.get<{ Params: { id: string }; Querystring: { from?: string } }>('/v1/jobs/:id/events', async (request, reply) => {
    const job = jobs.get(request.params.id);
    if (!job) return refuse(reply, 404, 'job_not_found', 'There is no such job.');
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let next = Number(request.query.from ?? 0); !reply.raw.destroyed; ) {
      const event = job.events[next];
      if (!event) {
        await new Promise((done) => setTimeout(done, 20));
        continue;
      }
      reply.raw.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
      next += 1;
      if (['done', 'failed', 'cancelled'].includes(event.type)) break;
    }
    reply.raw.end();
  });
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/index', async (request) => ({
    rows: jobs.get(request.params.id)?.rows ?? [],
  }));
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/index/rows', async (request, reply) =>
    reply
      .type('application/octet-stream')
      .send(Buffer.from(jobs.get(request.params.id)?.components.buffer ?? new ArrayBuffer(0))),
  );
  app.get<{ Params: { id: string; position: string } }>('/v1/adapters/:id/index/rows/:position', async (request, reply) => {
    const job = find(request.params.id);
    const [k, position] = [job?.places.at(-1) ?? 0, Number(request.params.position)];
    if (behaviour.isIndexMissing) return refuse(reply, 409, 'no_index', 'The adapter has no attribution index.');
    if (!job?.rows[position]) return refuse(reply, 404, 'row_not_found', 'There is no such row.');
    return reply
      .type('application/octet-stream')
      .send(Buffer.from(job.components.slice(position * k, (position + 1) * k).buffer));
  });
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/log', async (request, reply) =>
    reply.type('application/jsonl').send((jobs.get(request.params.id)?.log ?? []).map((line) => `${line}\n`).join('')),
  );
  app.put<{ Params: { key: string }; Body: { records: RetrievalRecord[] } }>('/v1/retrieval/:key', async (request, reply) => {
    if (behaviour.isIndexingBroken) return refuse(reply, 503, 'engine_unavailable', 'Nothing is indexed now.');
    const { records } = request.body;
    retrieval.set(request.params.key, records);
    count.built += 1;
    const tokens = records.flatMap(({ messages }) => promptTokens(messages)).length;
    return { key: request.params.key, records: records.length, passages: records.length, tokens, built: true };
  });
  app.delete<{ Params: { key: string } }>('/v1/retrieval/:key', async (request) => ({
    key: request.params.key,
    deleted: retrieval.delete(request.params.key),
  }));
  app.get('/v1/retrieval', async () => [...retrieval].map(([key, records]) => ({ key, records: records.length })));
  app.post<{ Body: { keys: string[]; query: string; top: number; excluded?: string[]; licences?: string[] } }>(
    '/v1/retrieval/search',
    async (request, reply) => {
      const { keys, query, top, excluded = [], licences } = request.body;
      const missing = keys.find((key) => !retrieval.has(key));
      if (missing !== undefined)
        return refuse(reply, 404, 'retrieval_index_not_found', 'There is no such index.', { key: missing });
      const records = keys.flatMap((key) => (retrieval.get(key) ?? []).map((record) => ({ ...record, key })));
      const allowed = records.filter(({ recordId }) => !excluded.includes(recordId));
      return searchRecords(allowed, words(query), top, licences);
    },
  );

  app.get('/v1/adapters', async () =>
    [...jobs.values()]
      .filter(({ result }) => result)
      .map(({ adapter }) => ({ id: adapter, hasIndex: !behaviour.isIndexMissing })),
  );
  app.get<{ Params: { id: string; name: string } }>('/v1/adapters/:id/files/:name', async (request, reply) => {
    const file = find(request.params.id)?.files[request.params.name];
    return file
      ? reply.type('application/octet-stream').send(file)
      : refuse(reply, 404, 'file_not_found', 'There is no such file.');
  });

  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const port = Number(new URL(url).port);
  return { url, port, behaviour, count, jobs, retrieval, stop: () => app.close() };
}
