import {
  type Deployment,
  datanetsHash,
  datanetUseSchema,
  type IndexLeaf,
  indexLeafSchema,
  indexTree,
  type Release,
  type ReleaseFacts,
  readAgentRelease,
  releaseHash,
  releaseSchema,
  type Terms,
} from '@openledger/sdk';
import type { Address, Hex } from 'viem';
import { z } from 'zod';
import type { ChainClient } from '../chain/client.ts';
import type { Contracts } from '../chain/contracts.ts';
import type { Ipfs } from '../ipfs/client.ts';
import { FileMissing, readVerified } from '../ipfs/readVerified.ts';
import { MalformedData, parse } from './batchData.ts';

type Source = { client: ChainClient; contracts: Contracts; ipfs: Ipfs; deployment: Deployment; startBlock: bigint };
type Published = Pick<ReleaseFacts, 'nullThreshold' | 'datanets' | 'index' | 'release' | 'uses'>;

const manifestSchema = z.object({ release: releaseSchema, datanets: z.array(datanetUseSchema), indexCid: z.string() });
// Rows carry more than what is hashed; only what is hashed counts here.
const indexSchema = z.object({ rows: z.array(z.object(indexLeafSchema.shape)) });

/** Reads what batches need of releases; what never changes of a release is read once. */
export function openReleaseFacts(source: Source) {
  const { client, contracts } = source;
  const known = new Map<Hex, Published>();

  async function publishedOf(hash: Hex): Promise<Published | undefined> {
    const before = known.get(hash);
    if (before?.index) return before;
    const [event] = await client.getContractEvents({
      ...contracts.models,
      eventName: 'ReleaseAdded',
      args: { releaseHash: hash },
      fromBlock: source.startBlock,
      strict: true,
    });
    if (!event) return undefined;
    const { nullThreshold, manifestCid } = event.args;
    const ofAgent = await readAgentRelease(client, source.deployment, hash);
    // Of an agent's version all is known: it was trained on nothing, and has an index without rows.
    const opened = ofAgent
      ? { release: ofAgent, datanets: [], uses: [], index: [] }
      : await readManifest(source.ipfs, hash, manifestCid);
    const published = { nullThreshold, ...opened };
    known.set(hash, published);
    return published;
  }

  /** By release hash, for each the terms of these versions. What is on no model of the chain is left out. */
  return async function releaseFacts(wanted: ReadonlyMap<Hex, ReadonlySet<number>>): Promise<Map<Hex, ReleaseFacts>> {
    const facts = new Map<Hex, ReleaseFacts>();
    for (const [hash, versions] of wanted) {
      const modelId = await client.readContract({ ...contracts.models, functionName: 'modelOf', args: [hash] });
      const published = modelId > 0 ? await publishedOf(hash) : undefined;
      if (!published) continue;
      const [terms, owners] = await Promise.all([termsOf(source, modelId, versions), ownersOf(source, modelId)]);
      facts.set(hash, { ...published, terms, owners });
    }
    return facts;
  };
}

/** Datanets and index of a release, as far as they can be fetched and open against its hash. */
async function readManifest(ipfs: Ipfs, hash: Hex, manifestCid: string): Promise<Omit<Published, 'nullThreshold'>> {
  try {
    const { release, datanets, indexCid } = parse(manifestSchema, manifestCid, await readVerified(ipfs, manifestCid));
    if (releaseHash(release) !== hash || datanetsHash(datanets) !== release.datanetsHash) return {};
    const ids = { datanets: datanets.map(({ datanetId }) => datanetId), uses: datanets, release };
    const { rows } = parse(indexSchema, indexCid, await readVerified(ipfs, indexCid));
    return opens(rows, release) ? { ...ids, index: rows } : ids;
  } catch (error) {
    if (error instanceof FileMissing || error instanceof MalformedData) return {};
    throw error;
  }
}

/** Whether these rows are the index of the release; what is no tree at all is not. */
function opens(rows: readonly IndexLeaf[], { indexRoot, indexRows }: Release): boolean {
  try {
    const { root, count } = indexTree(rows);
    return root === indexRoot && count === indexRows;
  } catch {
    return false;
  }
}

/** The terms of these versions that a receipt may bind: not those from before the model named its parents. */
async function termsOf(
  { client, contracts }: Pick<Source, 'client' | 'contracts'>,
  modelId: number,
  versions: ReadonlySet<number>,
): Promise<Map<number, Terms>> {
  const [latest, [, , first]] = await Promise.all([
    client.readContract({ ...contracts.models, functionName: 'termsVersion', args: [modelId] }),
    client.readContract({ ...contracts.models, functionName: 'parentsOf', args: [modelId] }),
  ]);
  const known = [...versions].filter((version) => version > 0 && version >= first && version <= latest);
  const terms = await Promise.all(
    known.map((version) => client.readContract({ ...contracts.models, functionName: 'terms', args: [modelId, version] })),
  );
  return new Map(known.map((version, index) => [version, terms[index] as Terms]));
}

/** Owners of a model, oldest first, with the time from which each was one. */
export async function ownersOf(
  { client, contracts, startBlock }: Pick<Source, 'client' | 'contracts' | 'startBlock'>,
  modelId: number,
): Promise<{ account: Address; from: number }[]> {
  const transfers = await client.getContractEvents({
    ...contracts.modelOwners,
    eventName: 'Transfer',
    args: { tokenId: BigInt(modelId) },
    fromBlock: startBlock,
    strict: true,
  });
  return Promise.all(
    transfers.map(async ({ args, blockHash }) => {
      const { timestamp } = await client.getBlock({ blockHash });
      return { account: args.to, from: Number(timestamp) };
    }),
  );
}
