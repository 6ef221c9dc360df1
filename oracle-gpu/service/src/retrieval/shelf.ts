import { proveSources, type Source, type SourceProof } from '@openledger/sdk';
import type { Address, Hex } from 'viem';
import type { Context } from '../context.ts';
import { acceptedIn, type GatheredRecord, gather } from '../datanets/gather.ts';
import type { RecordFiles } from '../datanets/records.ts';

/** What answers need to know of a record that was found. */
export type ShelvedRecord = { cluster: Hex; contributor: Address; source: Source; contributionId: number; position: number };

/** A datanet version whose records can be retrieved: what the engine's index does not know of them. */
export type Shelf = {
  datanetId: number;
  version: number;
  /** The engine's name for its index. */
  key: string;
  records: ReadonlyMap<Hex, ShelvedRecord>;
  prove: (record: ShelvedRecord) => SourceProof;
};

export type Version = { datanetId: number; version: number; root: Hex };

/** Names an index by what is in it, so that one of another chain or another state is never taken for it. */
export const shelfKey = ({ datanetId, version, root }: Version): string => `${datanetId}@${version}-${root.slice(2, 18)}`;

/** The datanet that an index of this service's is of; undefined for anybody else's. */
export function datanetOfKey(key: string): number | undefined {
  const found = /^(\d+)@\d+-[0-9a-f]{16}$/.exec(key)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Reads a version's records from IPFS, held against the chain. @returns the shelf, and the records to index */
export async function loadShelf(
  context: Pick<Context, 'db'> & { files: RecordFiles },
  version: Version,
): Promise<{ shelf: Shelf; gathered: GatheredRecord[] }> {
  const { datanets, records: gathered } = await gather(context, [version]);
  if (datanets[0]?.root !== version.root)
    throw new Error(`Version ${version.version} of datanet ${version.datanetId} has another root by now.`);
  const { rows } = await acceptedIn(context, version);
  const recordIds = new Map<number, Hex[]>();
  const entries = [];
  for (const { contributionId, cid, recordsRoot, records } of rows) {
    const file = await context.files.load(cid as string, recordsRoot as string);
    recordIds.set(contributionId, file.recordIds);
    entries.push({ contributionId, recordsRoot: recordsRoot as Hex, records });
  }
  const proofs = proveSources(entries, recordIds);
  const records = new Map(
    gathered.map(({ recordId, cluster, contributor, source, place }) => [recordId, { cluster, contributor, source, ...place }]),
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
