import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import { gather } from '../datanets/gather.ts';
import type { RecordFiles } from '../datanets/records.ts';
import { sentence } from '../errors.ts';
import type { LoadedRelease } from '../releases.ts';

/** How often the engine is asked which routes it has, while no release is new, ms. */
const lookAgainMs = 30_000;
/** Pause after a route could not be made, ms. */
const pauseMs = 5_000;
/** Records that a route is made of: a sample of larger releases, evenly over their rows. */
const mostTexts = 512;
/** Beyond this the embedding model reads nothing of a text, characters. */
const mostRead = 4_096;

export type Routes = ReturnType<typeof createRoutes>;

/**
 * What each listed release served here is about, kept by the engine under the release's hash: made of the records that it
 * was trained on, without what is revoked by now. All of it can be made again from chain and IPFS, so nothing is stored here.
 */
export function createRoutes(context: Pick<Context, 'db' | 'engine' | 'facts' | 'releases' | 'log'> & { files: RecordFiles }) {
  const { engine, facts, releases, log } = context;
  /** Model of each release that can be chosen. */
  let ready: ReadonlyMap<Hex, number> = new Map();
  const failing = new Map<Hex, { reason: string; notBefore: number }>();
  let lookedAt = 0;

  /** The latest release of each listed model, where it is served here. */
  async function served(): Promise<LoadedRelease[]> {
    const modelIds = [...new Set((await releases.list()).map(({ modelId }) => modelId))];
    const found: LoadedRelease[] = [];
    for (const modelId of modelIds) {
      const model = await facts.model(modelId);
      if (!model.listed || model.releases === 0) continue;
      const release = await releases.load(await facts.releaseAt(modelId, model.releases - 1));
      if (release) found.push(release);
    }
    return found;
  }

  async function make({ releaseHash, modelId, datanets, rows }: LoadedRelease): Promise<void> {
    const trained = new Set(rows.map(({ recordId }) => recordId));
    const { records } = await gather(context, datanets);
    const own = records.filter(({ recordId }) => trained.has(recordId));
    if (own.length === 0) throw new Error('None of its records is there any more.');
    const sample = spread(own, mostTexts).map(({ messages }) => textOf(messages).slice(0, mostRead));
    const { centroids } = await engine.putRoute(releaseHash, sample);
    log.info({ modelId, releaseHash, texts: sample.length, centroids }, 'questions are led to a release');
  }

  async function tryToMake(release: LoadedRelease): Promise<boolean> {
    const { releaseHash, modelId } = release;
    const before = failing.get(releaseHash);
    if ((before?.notBefore ?? 0) > Date.now()) return false;
    try {
      await make(release);
      failing.delete(releaseHash);
      return true;
    } catch (error) {
      const reason = sentence(error);
      if (before?.reason !== reason) log.warn({ modelId, releaseHash, reason }, 'no question can be led to a release yet');
      failing.set(releaseHash, { reason, notBefore: Date.now() + pauseMs });
      return false;
    }
  }

  return {
    async tick(): Promise<void> {
      const wanted = await served();
      const isSame = wanted.length === ready.size && wanted.every(({ releaseHash }) => ready.has(releaseHash));
      if (isSame && (wanted.length === 0 || Date.now() - lookedAt < lookAgainMs)) return;
      lookedAt = Date.now();
      // The engine loads its embedding model for this, so it is not asked for nothing.
      const there = new Set(wanted.length === 0 ? [] : (await engine.routes()).map(({ key }) => key));
      for (const release of wanted)
        if (!there.has(release.releaseHash) && (await tryToMake(release))) there.add(release.releaseHash);
      ready = new Map(
        wanted.flatMap(({ releaseHash, modelId }) => (there.has(releaseHash) ? [[releaseHash, modelId] as const] : [])),
      );
    },

    /** Releases that a question can be led to now, with their models. */
    ready: (): ReadonlyMap<Hex, number> => ready,

    /** The engine turned out not to have them: they are made anew. */
    forget(): void {
      ready = new Map();
    },
  };
}

/** What is said in a record, without instructions that many records share. */
const textOf = (messages: readonly { role: string; content: string }[]): string =>
  messages
    .filter(({ role }) => role !== 'system')
    .map(({ content }) => content)
    .join('\n');

/** At most so many of them, evenly from first to last. */
export function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, index) => all[Math.floor((index * all.length) / most)] as T);
}
