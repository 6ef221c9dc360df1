// Attribution of the engine's double: scores count shared words, by int8 products that anyone can compute.
import { int8ToHex, int8Tree, partialScores, treeId } from '@openledger/sdk';
import type { Hex } from 'viem';
import { nullThreshold, perShared } from './behaviour.ts';
import { type Double, findJob, refuse } from './double.ts';
import { promptTokens } from './tokens.ts';
import { type Job, type JobRecord, tokensOfRecord } from './training.ts';

type Asked = { adapter: string; promptTokenIds: number[]; tokenIds: number[]; top: number; segmentEnds?: number[] };

export function addAttribution(double: Double): void {
  const { app, behaviour, count } = double;

  app.post<{ Body: Asked }>('/v1/attribute', async (request, reply) => {
    count.attribute += 1;
    await behaviour.onAttribute?.();
    if (behaviour.attributionFailures > 0) {
      behaviour.attributionFailures -= 1;
      return refuse(reply, 500, 'internal', 'The engine failed on this request.');
    }
    const job = findJob(double, request.body.adapter);
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

  app.post<{ Body: { adapter: string; records: JobRecord[]; queries: string[] } }>(
    '/v1/attribution/preview',
    async (request, reply) => {
      count.preview += 1;
      await behaviour.onPreview?.();
      const job = findJob(double, request.body.adapter);
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

  app.get<{ Params: { id: string; position: string } }>('/v1/adapters/:id/index/rows/:position', async (request, reply) => {
    const job = findJob(double, request.params.id);
    const [k, position] = [job?.places.at(-1) ?? 0, Number(request.params.position)];
    if (behaviour.isIndexMissing) return refuse(reply, 409, 'no_index', 'The adapter has no attribution index.');
    if (!job?.rows[position]) return refuse(reply, 404, 'row_not_found', 'There is no such row.');
    return reply
      .type('application/octet-stream')
      .send(Buffer.from(job.components.slice(position * k, (position + 1) * k).buffer));
  });
}

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
