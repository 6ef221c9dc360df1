import { desc } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import type { RecordFiles } from '../datanets/records.ts';
import { revokedOf } from '../datanets/revoked.ts';
import { versions } from '../db/schema.ts';
import { ServiceError, sentence } from '../errors.ts';
import { datanetOfKey, loadShelf, type Shelf, shelfKey, type Version } from './shelf.ts';

/** How often the engine is asked which indexes it has, while nothing on chain changes, ms. */
const lookAgainMs = 30_000;
/** Pause after a datanet could not be indexed, ms. */
const pauseMs = 5_000;

export type Shelves = ReturnType<typeof createShelves>;

/**
 * The datanets that answers can cite, kept in step with the chain: of each that allows retrieval the engine gets an index
 * of its latest version without what is revoked, and the one before serves until that is built. All of it can be made
 * again from chain and IPFS, so nothing is stored here.
 */
export function createShelves(context: Pick<Context, 'db' | 'engine' | 'facts' | 'log'> & { files: RecordFiles }) {
  const { db, engine, facts, log } = context;
  const ready = new Map<number, Shelf>();
  const failing = new Map<number, { reason: string; notBefore: number }>();
  let lookedAt = 0;

  async function latest(): Promise<Version[]> {
    const rows = await db.select().from(versions).orderBy(desc(versions.datanetId), desc(versions.version));
    const newest = rows.filter(({ datanetId }, index) => rows[index - 1]?.datanetId !== datanetId);
    const allowed = await Promise.all(newest.map(async ({ datanetId }) => (await facts.datanet(datanetId)).retrievalAllowed));
    const wanted = newest.filter((_, index) => allowed[index]);
    const revoked = await revokedOf(
      context,
      wanted.map(({ datanetId }) => datanetId),
    );
    return wanted.map(({ datanetId, version, root }) => ({
      datanetId,
      version,
      root: root as Hex,
      revoked: revoked.get(datanetId) ?? [],
    }));
  }

  async function renew(version: Version, held: ReadonlySet<string>): Promise<void> {
    const { datanetId } = version;
    const key = shelfKey(version);
    const { shelf, gathered } = await loadShelf(context, version);
    if (!held.has(key) && gathered.length > 0) {
      const records = gathered.map(({ recordId, cluster, messages, source }) => ({ recordId, cluster, messages, source }));
      const { tokens } = await engine.putRetrieval(key, records);
      log.info({ datanetId, version: version.version, records: records.length, tokens }, 'a datanet can be cited');
    }
    ready.set(datanetId, shelf);
    const outdated = [...held].filter((other) => other !== key && datanetOfKey(other) === datanetId);
    for (const other of outdated) await engine.dropRetrieval(other);
  }

  async function tryToRenew(version: Version, held: ReadonlySet<string>): Promise<void> {
    const { datanetId } = version;
    const before = failing.get(datanetId);
    if ((before?.notBefore ?? 0) > Date.now()) return;
    try {
      await renew(version, held);
      failing.delete(datanetId);
    } catch (error) {
      const reason = sentence(error);
      if (before?.reason !== reason) log.warn({ datanetId, reason }, 'a datanet cannot be indexed for retrieval yet');
      failing.set(datanetId, { reason, notBefore: Date.now() + pauseMs });
    }
  }

  return {
    async tick(): Promise<void> {
      const wanted = await latest();
      const isDue = Date.now() - lookedAt > lookAgainMs;
      const missing = wanted.filter((version) => isDue || ready.get(version.datanetId)?.key !== shelfKey(version));
      if (missing.length === 0) return;
      const held = new Set((await engine.retrievals()).map(({ key }) => key));
      if (isDue) lookedAt = Date.now();
      for (const version of missing) {
        const shelf = ready.get(version.datanetId);
        const isThere = shelf?.key === shelfKey(version) && (held.has(shelf.key) || shelf.records.size === 0);
        if (!isThere) await tryToRenew(version, held);
      }
    },

    /**
     * The shelf of a datanet; 503 while it has none, 404 when there is nothing to put on it. Whether the caller may have it
     * is asked elsewhere.
     */
    async of(datanetId: number): Promise<Shelf> {
      const shelf = ready.get(datanetId);
      if (shelf && shelf.records.size > 0) return shelf;
      if (shelf)
        throw new ServiceError(
          404,
          'no_records',
          `All records of datanet ${datanetId} were withdrawn by their contributors: choose another as a source.`,
          { datanetId },
        );
      const isEmpty = (await facts.datanet(datanetId)).versions === 0;
      if (isEmpty)
        throw new ServiceError(
          404,
          'version_not_found',
          `Datanet ${datanetId} has no published version yet: ask its provider to publish one.`,
          { datanetId },
        );
      throw retrievalUnavailable(datanetId);
    },

    /** The engine turned out not to have it: it is built anew. */
    forget(datanetId: number): void {
      ready.delete(datanetId);
    },

    /** What can be cited here now. */
    list: (): Shelf[] => [...ready.values()].filter(({ records }) => records.size > 0).sort((a, b) => a.datanetId - b.datanetId),
  };
}

export function retrievalUnavailable(datanetId: number): ServiceError {
  return new ServiceError(
    503,
    'retrieval_unavailable',
    `The records of datanet ${datanetId} are being indexed here: try again in a minute, or ask without it.`,
    { datanetId, retryAfter: 10 },
  );
}
