import { clusterRecords, type DatanetUse, type Source, type TrainingRecord, versionTree } from '@openledger/sdk';
import { and, asc, eq, inArray, lt, lte, or } from 'drizzle-orm';
import type { Address, Hex } from 'viem';
import type { Context } from '../context.ts';
import { contributions, versions } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import type { RecordFiles } from './records.ts';
import { isRevoked, type Moment } from './revoked.ts';

/** A record of a datanet version with who is paid for it: contributor and reviewer of the first record of its cluster. */
export type GatheredRecord = {
  recordId: Hex;
  cluster: Hex;
  messages: TrainingRecord['messages'];
  source: Source;
  contributor: Address;
  reviewer: Address;
  contributionId: number;
  datanetId: number;
  /** Where the record itself stands: it may repeat one of another contribution, which is then paid. */
  place: { contributionId: number; position: number };
};

type Gatherer = Pick<Context, 'db'> & { files: RecordFiles };

/** The contributions that a datanet version is a root over, in order of commitment, also those revoked since. Checks the root. */
export async function acceptedIn({ db }: Gatherer, { datanetId, version }: Pick<DatanetUse, 'datanetId' | 'version'>) {
  const [published] = await db
    .select()
    .from(versions)
    .where(and(eq(versions.datanetId, datanetId), eq(versions.version, version)));
  if (!published)
    throw new ServiceError(404, 'version_not_found', `Datanet ${datanetId} has no version ${version}: choose a published one.`);
  const { blockNumber, logIndex } = published;
  const accepted = await db
    .select()
    .from(contributions)
    .where(
      and(
        eq(contributions.datanetId, datanetId),
        inArray(contributions.status, ['accepted', 'revoked']),
        or(
          lt(contributions.acceptedBlock, blockNumber),
          and(lte(contributions.acceptedBlock, blockNumber), lt(contributions.acceptedLogIndex, logIndex)),
        ),
      ),
    )
    .orderBy(asc(contributions.contributionId));
  const rows = accepted.filter((row) => !isRevoked(row, published));
  const entries = rows.map(({ contributionId, recordsRoot, records }) => ({
    contributionId,
    recordsRoot: recordsRoot as Hex,
    records,
  }));
  const root = versionTree(entries).root;
  if (root !== published.root)
    throw new Error(`The contributions of datanet ${datanetId} give root ${root}, version ${version} has ${published.root}.`);
  return { root: root as Hex, rows };
}

/**
 * Every record of the given datanet versions, once, clustered with its near-duplicates, without what had been revoked
 * before `moment`, or by now where none is given. A whole cluster belongs to the contributor who committed first. Throws
 * when a file's bytes are not those that were committed to.
 */
export async function gather(
  context: Gatherer,
  uses: readonly Pick<DatanetUse, 'datanetId' | 'version'>[],
  moment?: Moment,
): Promise<{ datanets: DatanetUse[]; records: GatheredRecord[] }> {
  const datanets: DatanetUse[] = [];
  const found: (Omit<GatheredRecord, 'cluster'> & { record: TrainingRecord })[] = [];
  for (const use of uses) {
    const { root, rows } = await acceptedIn(context, use);
    datanets.push({ datanetId: use.datanetId, version: use.version, root });
    for (const row of rows) {
      if (isRevoked(row, moment)) continue;
      if (!row.cid || !row.recordsRoot || !row.reviewer)
        throw new Error(`Contribution ${row.contributionId} was accepted without being revealed.`);
      const file = await context.files.load(row.cid, row.recordsRoot);
      file.records.forEach((record, position) => {
        found.push({
          record,
          recordId: file.recordIds[position] as Hex,
          messages: record.messages,
          source: record.source,
          contributor: row.contributor as Address,
          reviewer: row.reviewer as Address,
          contributionId: row.contributionId,
          datanetId: row.datanetId,
          place: { contributionId: row.contributionId, position },
        });
      });
    }
  }
  found.sort((a, b) => a.contributionId - b.contributionId); // ids are given out at commitment; the sort is stable
  const seen = new Set<Hex>();
  const once = found.filter(({ recordId }) => !seen.has(recordId) && seen.add(recordId));
  const clusters = clusterRecords(once.map(({ record }) => record));
  const owners = new Map(once.map((record) => [record.recordId, record]));
  const records = once.map(({ recordId, messages, source, place }, index) => {
    const cluster = clusters[index] as Hex;
    const { contributor, reviewer, contributionId, datanetId } = owners.get(cluster) ?? (once[index] as (typeof once)[number]);
    return { recordId, cluster, messages, source, contributor, reviewer, contributionId, datanetId, place };
  });
  return { datanets, records };
}
