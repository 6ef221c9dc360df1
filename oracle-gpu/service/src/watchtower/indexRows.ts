import { type IndexRows, indexLeafSchema, openIndexRows, releaseHash, releaseSchema } from '@openledger/sdk';
import type { Hex } from 'viem';
import { z } from 'zod';
import type { ChainClient } from '../chain/client.ts';
import type { Contracts } from '../chain/contracts.ts';
import { sentence } from '../errors.ts';
import type { Ipfs } from '../ipfs/client.ts';
import { IpfsUnreachable, readVerified } from '../ipfs/readVerified.ts';
import { parse } from './batchData.ts';

type Source = { client: ChainClient; contracts: Contracts; ipfs: Ipfs; startBlock: bigint };

const manifestSchema = z.object({ release: releaseSchema, indexCid: z.string(), rowsCid: z.string().optional() });
const indexSchema = z.object({ rows: z.array(z.object(indexLeafSchema.shape)) });

/** Releases whose rows stay in memory, at up to 16 MiB each. */
const keptReleases = 4;

/** Reads the published rows of releases, each opened against its hash; a sentence says why there are none. Throws in an outage. */
export function openIndexRowsReader({ client, contracts, ipfs, startBlock }: Source) {
  const known = new Map<Hex, IndexRows>();

  async function read(hash: Hex): Promise<IndexRows | string> {
    const [event] = await client.getContractEvents({
      ...contracts.models,
      eventName: 'ReleaseAdded',
      args: { releaseHash: hash },
      fromBlock: startBlock,
      strict: true,
    });
    if (!event) return 'No model on this chain has the release: its index is nowhere.';
    try {
      const { manifestCid } = event.args;
      const { release, indexCid, rowsCid } = parse(manifestSchema, manifestCid, await readVerified(ipfs, manifestCid));
      if (releaseHash(release) !== hash) return 'The manifest of the release is of another one.';
      if (rowsCid === undefined) return 'The release does not publish the components of its index rows.';
      const { rows } = parse(indexSchema, indexCid, await readVerified(ipfs, indexCid));
      return openIndexRows(await readVerified(ipfs, rowsCid), rows, release);
    } catch (error) {
      if (error instanceof IpfsUnreachable) throw error;
      return `The index of the release cannot be read: ${sentence(error)}`;
    }
  }

  return async function rowsOf(hash: Hex): Promise<IndexRows | string> {
    const before = known.get(hash);
    if (before) return before;
    const found = await read(hash);
    if (typeof found === 'string') return found;
    if (known.size >= keptReleases) known.delete(known.keys().next().value as Hex);
    known.set(hash, found);
    return found;
  };
}
