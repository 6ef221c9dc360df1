import {
  addressSchema,
  agentRelease,
  datanetUseSchema,
  type IndexLeaf,
  indexLeafSchema,
  indexTree,
  releaseHash,
  releaseSchema,
  rowWords,
  type SumTree,
  treeProof,
  uint32Schema,
} from '@openledger/sdk';
import { desc, eq } from 'drizzle-orm';
import type { Hex } from 'viem';
import { z } from 'zod';
import { cached } from './cached.ts';
import type { Context } from './context.ts';
import { agentReleases, releases } from './db/schema.ts';
import { quotedRow } from './receipts/evidence.ts';

/** A row of the attribution index with what the chain says of its record. */
export const releaseRowSchema = indexLeafSchema.extend({
  reviewer: addressSchema,
  contributionId: uint32Schema,
  datanetId: uint32Schema,
  source: z.object({ title: z.string(), path: z.string(), version: z.string(), licence: z.string() }),
});

export type ReleaseRow = z.infer<typeof releaseRowSchema>;
export type LoadedRelease = {
  releaseHash: Hex;
  modelId: number;
  jobId: number;
  adapter: string;
  release: z.output<typeof releaseSchema>;
  datanets: z.output<typeof datanetUseSchema>[];
  rows: ReleaseRow[];
  manifestCid: string;
  tree: SumTree;
  /** The release's fields as JSON. */
  text: string;
  /**
   * What receipts say of a row they quote, as JSON: in their evidence (an object that lacks its end), its place in the
   * index with its proof, and where the record is from. `words`: the first of these as it is hashed.
   */
  rowText: (position: number) => RowText;
};

type RowText = { quoted: string; words: string; proof: string; record: string };

/** Rows whose text is kept, of each release: at 3 KB each. */
const keptRows = 4_096;

export type Releases = ReturnType<typeof openReleases>;

/** The releases served here. They never change, so what was read stays in memory. */
export function openReleases({ db }: Pick<Context, 'db'>) {
  const loaded = cached(
    3_600_000,
    async (hash): Promise<LoadedRelease | undefined> => {
      const [row] = await db.select().from(releases).where(eq(releases.releaseHash, hash));
      if (!row) return undefined;
      const rows = z.array(releaseRowSchema).parse(row.rows);
      const tree = indexTree(rows.map(leafOf));
      return {
        releaseHash: row.releaseHash as Hex,
        modelId: row.modelId,
        jobId: row.jobId,
        adapter: row.adapter,
        release: releaseSchema.parse(row.release),
        datanets: z.array(datanetUseSchema).parse(row.datanets),
        rows,
        manifestCid: row.manifestCid,
        tree,
        text: JSON.stringify(row.release),
        rowText: describesRows(row.releaseHash as Hex, rows, tree),
      };
    },
    64,
  );
  /** Versions of agents have receipts, and answer otherwise than models: nothing else finds them here. */
  const agents = cached(
    3_600_000,
    async (hash): Promise<LoadedRelease | undefined> => {
      const [row] = await db.select().from(agentReleases).where(eq(agentReleases.releaseHash, hash));
      return row && releaseOfAgent({ ...row, manifestHash: row.manifestHash as Hex });
    },
    256,
  );
  async function load(hash: string): Promise<LoadedRelease | undefined> {
    const found = await loaded.get(hash);
    if (!found) loaded.forget(hash); // it may be made a moment later
    return found;
  }
  return {
    load,
    /** The release that a stored receipt is of: it must be there. */
    async ofReceipt(hash: string): Promise<LoadedRelease> {
      const found = (await load(hash)) ?? (await agents.get(hash));
      if (!found) throw new Error(`Release ${hash} of a stored receipt is gone: restore the database.`);
      return found;
    },
    /** Release hashes by model, newest first. */
    list: () =>
      db
        .select({ releaseHash: releases.releaseHash, modelId: releases.modelId, createdAt: releases.createdAt })
        .from(releases)
        .orderBy(desc(releases.createdAt)),
  };
}

/** The release of an agent's version: no rows, and no adapter. */
export function releaseOfAgent(of: {
  agentId: number;
  version: number;
  modelId: number;
  manifestHash: Hex;
  manifestCid: string;
}): LoadedRelease {
  const { modelId, manifestCid } = of;
  const release = agentRelease(of.manifestHash, of.agentId, of.version);
  const hash = releaseHash(release);
  const tree = indexTree([]);
  const rowText = describesRows(hash, [], tree);
  const text = JSON.stringify(release);
  return { releaseHash: hash, modelId, jobId: 0, adapter: '', release, datanets: [], rows: [], manifestCid, tree, text, rowText };
}

function describesRows(releaseHash: Hex, rows: readonly ReleaseRow[], tree: SumTree): (position: number) => RowText {
  const texts = new Map<number, RowText>();
  return (position) => {
    const known = texts.get(position);
    if (known) return known;
    const row = rows[position];
    if (!row) throw new Error(`The release has no row ${position}.`);
    const { recordId, source, contributionId, contributor, datanetId } = row;
    const quoted = quotedRow(releaseHash, row);
    const made = {
      quoted: JSON.stringify(quoted).slice(0, -1),
      words: rowWords(quoted),
      proof: JSON.stringify({
        recordId,
        leaf: leafOf(row),
        index: position,
        count: tree.count,
        proof: treeProof(tree, position),
      }),
      record: JSON.stringify({ recordId, source, contributionId, contributor, datanetId }),
    };
    if (texts.size >= keptRows) texts.delete(texts.keys().next().value as number);
    texts.set(position, made);
    return made;
  };
}

/** The fields of a row that its leaf in tree 6 hashes. */
export function leafOf({ position, recordId, contributor, cluster, tokensRoot, scaleBits, rowRoot }: ReleaseRow): IndexLeaf {
  return { position, recordId, contributor, cluster, tokensRoot, scaleBits, rowRoot };
}
