import { type Deployment, type IndexRows, readIndexRows } from '@openledger/sdk';
import type { Hex } from 'viem';
import type { ChainClient } from '../chain/client.ts';
import { sentence } from '../errors.ts';
import type { Ipfs } from '../ipfs/client.ts';
import { IpfsUnreachable, readVerified } from '../ipfs/readVerified.ts';

type Source = { client: ChainClient; ipfs: Ipfs; deployment: Deployment };

/** Releases whose rows stay in memory, at up to 64 MiB each. */
const keptReleases = 4;

/** Reads the published rows of releases, each opened against its hash; a sentence says why there are none. Throws in an outage. */
export function openIndexRowsReader({ client, ipfs, deployment }: Source) {
  const known = new Map<Hex, IndexRows>();

  async function read(hash: Hex): Promise<IndexRows | string> {
    try {
      return await readIndexRows(client, deployment, hash, (cid) => readVerified(ipfs, cid));
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
