// Retrieval as the engine's double does it: what shares words with the question is found, each passage found gives the
// answer a sentence of its last words, and a last sentence rests on nothing.
import type { Hex } from 'viem';
import { type Double, refuse } from './double.ts';
import { promptTokens, words } from './tokens.ts';

export type RetrievalRecord = {
  recordId: Hex;
  cluster: Hex;
  messages: { role: string; content: string }[];
  source: { title: string; licence: string };
};
export type Passage = { recordId: Hex; cluster: Hex; text: string; title: string };

/** Share of the question's words that a record must have, per 10,000. */
const threshold = 5_000;
/** Words of a passage that an answer repeats. */
const quoted = 3;

export function searchRecords(
  records: readonly (RetrievalRecord & { key: string })[],
  query: readonly string[],
  top: number,
  licences?: readonly string[],
) {
  const seen = new Set<Hex>();
  const passages = records
    .filter(({ source }) => !licences || licences.includes(source.licence))
    .map((record) => {
      const text = record.messages.map(({ content }) => content).join('\n');
      const own = new Set(words(text));
      const score = Math.floor((query.filter((word) => own.has(word)).length * 10_000) / Math.max(1, query.length));
      return { key: record.key, recordId: record.recordId, cluster: record.cluster, score, text, title: record.source.title };
    })
    .filter(({ score }) => score >= threshold)
    .sort((a, b) => b.score - a.score || (a.recordId < b.recordId ? -1 : 1))
    .filter(({ cluster }) => !seen.has(cluster) && seen.add(cluster))
    .slice(0, top);
  return { passages, abstained: passages.length === 0, threshold };
}

/** @returns the answer's words, and what is measured of its text once it is whole */
export function answerFrom(first: readonly string[], passages: readonly Passage[]) {
  const sentences = passages.map(({ text }) => `${words(text).slice(-quoted).join(' ')}.`);
  const all =
    passages.length === 0 ? [...first] : [`${first.join(' ')}.`, ...sentences, 'Perhaps.'].flatMap((one) => one.split(' '));
  const place = (text: string, sentence: string): [number, number] => {
    const start = text.indexOf(sentence);
    return [start, start + sentence.length];
  };
  const measured = (text: string) => {
    const said = sentences.map((sentence, index) => ({ sentence, index })).filter(({ sentence }) => text.includes(sentence));
    return {
      support: passages.map(({ recordId, cluster }, index) => ({
        recordId,
        cluster,
        support: said.some((one) => one.index === index) ? Math.floor((quoted * 10_000) / all.length) : 0,
      })),
      citations: said.map(({ sentence, index }) => {
        const [start, end] = place(text, sentence);
        return { start, end, passages: [index] };
      }),
      unsupported: [`${first.join(' ')}.`, 'Perhaps.'].filter((one) => text.includes(one)).map((one) => place(text, one)),
    };
  };
  return { all, measured };
}

export function addRetrieval({ app, behaviour, count, retrieval }: Double): void {
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
}
