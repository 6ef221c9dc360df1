import { proveSources, type Source, type SourceProof } from '@openledger/sdk';
import { type Address, type Hex, sha256, toBytes } from 'viem';
import type { Context } from '../context.ts';
import { acceptedIn, type GatheredRecord, gather } from '../datanets/gather.ts';
import type { RecordFiles } from '../datanets/records.ts';

/** What answers need to know of a record that was found. */
export type ShelvedRecord = {
  cluster: Hex;
  /** Who is paid for it, by the contribution in which its cluster came first. */
  contributor: Address;
  paidContributionId: number;
  source: Source;
  /** Where it stands itself. */
  contributionId: number;
  position: number;
};

/** A datanet version whose records can be retrieved: what the engine's index does not know of them. */
export type Shelf = {
  datanetId: number;
  version: number;
  /** The engine's name for its index. */
  key: string;
  /** Without those of revoked contributions; none where all were revoked, which the engine has no index of. */
  records: ReadonlyMap<Hex, ShelvedRecord>;
  prove: (record: ShelvedRecord) => SourceProof;
};

/** @property revoked contributions of the datanet that are left out, rising */
export type Version = { datanetId: number; version: number; root: Hex; revoked: readonly number[] };

/** Names an index by what is in it, so that one of another chain or another state is never taken for it. */
export function shelfKey({ datanetId, version, root, revoked }: Version): string {
  const whole = `${datanetId}@${version}-${root.slice(2, 18)}`;
  return revoked.length === 0 ? whole : `${whole}-${sha256(toBytes(revoked.join(' '))).slice(2, 18)}`;
}

/** The datanet that an index of this service's is of; undefined for anybody else's. */
export function datanetOfKey(key: string): number | undefined {
  const found = /^(\d+)@\d+(?:-[0-9a-f]{16}){1,2}$/.exec(key)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Reads a version's records from IPFS, held against the chain. @returns the shelf, and the records to index, perhaps none */
export async function loadShelf(
  context: Pick<Context, 'db'> & { files: RecordFiles },
  version: Version,
): Promise<{ shelf: Shelf; gathered: GatheredRecord[] }> {
  const { datanets, records: gathered } = await gather(context, [version]);
  if (datanets[0]?.root !== version.root)
    throw new Error(`Version ${version.version} of datanet ${version.datanetId} has another root by now.`);
  const shelved = new Set(gathered.map(({ place }) => place.contributionId));
  if (version.revoked.some((contributionId) => shelved.has(contributionId)))
    throw new Error(`What is revoked of datanet ${version.datanetId} is being read anew.`);
  const { rows } = await acceptedIn(context, version);
  const recordIds = new Map<number, Hex[]>();
  const entries = [];
  for (const { contributionId, cid, recordsRoot, records } of rows) {
    entries.push({ contributionId, recordsRoot: recordsRoot as Hex, records });
    // The version's tree has it for ever; its file may be gone.
    if (version.revoked.includes(contributionId)) continue;
    const file = await context.files.load(cid as string, recordsRoot as string);
    recordIds.set(contributionId, file.recordIds);
  }
  const proofs = proveSources(entries, recordIds);
  const records = new Map(
    gathered.map(({ recordId, cluster, contributor, contributionId: paidContributionId, source, place }) => [
      recordId,
      { cluster, contributor, paidContributionId, source, ...place },
    ]),
  );
  return {
    shelf: {
      datanetId: version.datanetId,
      version: version.version,
      key: shelfKey(version),
      records,
      prove: ({ contributionId, position }) => proofs.prove(contributionId, position),
    },
    gathered,
  };
}
