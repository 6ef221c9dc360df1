import type { Hex, PublicClient } from 'viem';
import { z } from 'zod';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { modelRegistryAbi } from '../generated/abis.ts';
import { type IndexRows, openIndexRows } from '../release/indexRows.ts';
import { indexLeafSchema, releaseSchema } from '../release/release.ts';
import { releaseHash } from '../release/releaseHash.ts';

const manifestSchema = z.object({ release: releaseSchema, indexCid: z.string(), rowsCid: z.string().optional() });
// Rows carry more than what is hashed; only what is hashed counts here.
const indexSchema = z.object({ rows: z.array(z.object(indexLeafSchema.shape)) });

/**
 * Reads the rows that a release published with its index, opened against its hash: whoever serves the files cannot change
 * them.
 * @param readFile bytes of a file by its CID; what it throws is thrown
 * @returns the rows, or a sentence why there are none
 */
export async function readIndexRows(
  client: Pick<PublicClient, 'getContractEvents'>,
  deployment: Deployment,
  hash: Hex,
  readFile: (cid: string) => Promise<Uint8Array>,
): Promise<IndexRows | string> {
  const [event] = await client.getContractEvents({
    address: contractAddress(deployment, 'ModelRegistry'),
    abi: modelRegistryAbi,
    eventName: 'ReleaseAdded',
    args: { releaseHash: hash },
    fromBlock: BigInt(deployment.startBlock),
    strict: true,
  });
  if (!event) return 'No model on this chain has the release: its index is nowhere.';
  const manifest = parse(manifestSchema, await readFile(event.args.manifestCid));
  if (!manifest || releaseHash(manifest.release) !== hash) return 'The manifest of the release is not its own.';
  const { release, indexCid, rowsCid } = manifest;
  if (rowsCid === undefined) return 'The release does not publish the components of its index rows.';
  const index = parse(indexSchema, await readFile(indexCid));
  if (!index) return 'The index of the release is not in its format.';
  const file = await readFile(rowsCid);
  try {
    return openIndexRows(file, index.rows, release);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function parse<T extends z.ZodType>(schema: T, bytes: Uint8Array): z.output<T> | undefined {
  try {
    return schema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    return undefined; // no JSON
  }
}
