import type { Address, Hex } from 'viem';
import type { Context } from '../context.ts';
import { revokedOf } from '../datanets/revoked.ts';
import type { ChatMessage } from '../engine/client.ts';
import { ServiceError } from '../errors.ts';
import type { ChatRequest } from '../gateway/chatRequest.ts';
import { requireAccess } from './grants.ts';
import type { Shelf, ShelvedRecord } from './shelf.ts';
import { retrievalUnavailable } from './shelves.ts';

/** Passages of an answer unless the call says otherwise. */
const usual = 4;
/** Tokens by which a passage read by itself and the same one in a prompt may differ, where they touch. */
const seam = 4;

/** Records that the engine leaves out of one search at most. */
const mostExcluded = 20_000;

/** Tokens that passages may take: of a prompt, all together and each. */
export type Room = { all: number; each: number };

/** Passages may take half of what the question leaves, the answer has the rest; each as much as the engine reads of one. */
export const roomFor = (contextLength: number, promptTokens: number): Room => ({
  all: Math.floor((contextLength - promptTokens) / 2),
  each: Math.min(1_024, Math.floor(contextLength / 4)) - seam,
});

export type Passage = {
  recordId: Hex;
  cluster: Hex;
  text: string;
  title: string;
  tokens: number;
  shelf: Shelf;
  record: ShelvedRecord;
};

/** What was found for a question; no passages where nothing is relevant enough. */
export type Retrieved = {
  passages: Passage[];
  versions: { datanetId: number; version: number }[];
  /** Of the passages by themselves. */
  tokens: number;
  /** The most that they can come to in the prompt. */
  mostTokens: number;
};

/**
 * Finds the passages that an answer is to be given with. Throws 404, 403 and 503 for datanets that cannot be used.
 * What is too long for its room is left away: a passage by itself, and of all together the least relevant.
 */
export async function retrieve(
  context: Context,
  { datanets, licences, top }: NonNullable<ChatRequest['retrieval']>,
  messages: readonly ChatMessage[],
  payer: Address | undefined,
  room: Room,
): Promise<Retrieved> {
  for (const datanetId of datanets) await requireAccess(context, datanetId, payer);
  const shelves = await Promise.all(datanets.map((datanetId) => context.shelves.of(datanetId)));
  const query = messages.findLast(({ role }) => role === 'user')?.content.trim() ?? '';
  if (query === '')
    throw new ServiceError(400, 'empty_query', 'There is no question to find sources for: send a message of the user with text.');
  const excluded = await revokedOn(context, shelves);
  const found = await search(context, shelves, { query, top: top ?? usual, excluded, ...(licences ? { licences } : {}) });
  const passages: Passage[] = [];
  let mostTokens = 0;
  const candidates = distinct(found.passages, shelves);
  const lengths = await lengthsOf(context, candidates);
  for (const [index, passage] of candidates.entries()) {
    const tokens = lengths[index] as number;
    if (tokens > room.each) continue;
    if (mostTokens + tokens + seam > room.all) break;
    mostTokens += tokens + seam;
    passages.push({ ...passage, tokens });
  }
  return {
    passages,
    versions: shelves.map(({ datanetId, version }) => ({ datanetId, version })),
    tokens: passages.reduce((sum, { tokens }) => sum + tokens, 0),
    mostTokens,
  };
}

/**
 * Records that were revoked and still are on these shelves, which are made anew behind. With them what is paid to somebody
 * who revoked: its cluster has another owner then. Throws 503 where they are more than a search can leave out.
 */
async function revokedOn(context: Pick<Context, 'db'>, shelves: readonly Shelf[]): Promise<Hex[]> {
  const datanetIds = shelves.map(({ datanetId }) => datanetId);
  const revoked = new Set([...(await revokedOf(context, datanetIds)).values()].flat());
  if (revoked.size === 0) return [];
  const excluded: Hex[] = [];
  for (const { datanetId, records } of shelves) {
    for (const [recordId, { contributionId, paidContributionId }] of records)
      if (revoked.has(contributionId) || revoked.has(paidContributionId)) excluded.push(recordId);
    if (excluded.length > mostExcluded) throw retrievalUnavailable(datanetId);
  }
  return excluded;
}

type Query = { query: string; top: number; excluded: Hex[]; licences?: string[] };

async function search(context: Context, shelves: readonly Shelf[], query: Query) {
  try {
    return await context.engine.search({ keys: shelves.map(({ key }) => key), ...query });
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'retrieval_index_not_found') throw error;
    const gone = shelves.find(({ key }) => key === error.detail.key) ?? shelves[0];
    if (!gone) throw error;
    context.shelves.forget(gone.datanetId);
    throw retrievalUnavailable(gone.datanetId);
  }
}

type Found = { key: string; recordId: Hex; cluster: Hex; text: string; title: string };

/** Each cluster once, at its best; a record that several datanets hold counts for the one where it was found first. */
function distinct(found: readonly Found[], shelves: readonly Shelf[]): Omit<Passage, 'tokens'>[] {
  const seen = new Set<Hex>();
  return found.flatMap(({ key, recordId, cluster, text, title }) => {
    const shelf = shelves.find((one) => one.key === key);
    const record = shelf?.records.get(recordId);
    if (!shelf || !record || record.cluster !== cluster)
      throw new ServiceError(503, 'engine_unavailable', 'The engine found a record that its datanet does not have: try again.');
    if (seen.has(cluster) || seen.has(recordId)) return [];
    seen.add(cluster).add(recordId);
    return [{ recordId, cluster, text, title, shelf, record }];
  });
}

/** Tokens of each passage as the engine puts it into a prompt, without those of the template around a message. */
async function lengthsOf(
  { engine }: Pick<Context, 'engine'>,
  passages: readonly Pick<Passage, 'title' | 'text'>[],
): Promise<number[]> {
  if (passages.length === 0) return [];
  const count = async (content: string): Promise<number> =>
    (await engine.tokenize({ messages: [{ role: 'user', content }] })).promptTokens;
  const [one, ...whole] = await Promise.all([count('.'), ...passages.map(({ title, text }) => count(`[${title}]\n${text}\n\n`))]);
  return whole.map((tokens) => Math.max(1, tokens - (one as number) + 1));
}
