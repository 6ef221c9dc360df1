import { exporter } from 'ipfs-unixfs-exporter';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { sentence } from '../errors.ts';
import { type Ipfs, maxBytes } from './client.ts';

/** The node does not answer: says nothing about the file, nor about who should have published it. */
export class IpfsUnreachable extends Error {}

/** The node answers and has not what the CID names, or gives other bytes. */
export class FileMissing extends Error {}

/** A file whose every block hashes to its CID, so that no IPFS node can put words into an operator's mouth. */
export async function readVerified(ipfs: Pick<Ipfs, 'block' | 'isAlive'>, name: string): Promise<Uint8Array> {
  const cid = parseCid(name);
  const blocks = {
    async *get(wanted: CID): AsyncGenerator<Uint8Array> {
      const bytes = await ipfs.block(wanted.toString());
      const digest = await sha256.digest(bytes);
      if (wanted.multihash.code !== sha256.code || !equal(digest.digest, wanted.multihash.digest))
        throw new FileMissing(`The IPFS node gives other bytes than block ${wanted} has: ask another node.`);
      yield bytes;
    },
  };
  try {
    const entry = await exporter(cid, blocks);
    if (entry.type !== 'file' && entry.type !== 'raw') throw new FileMissing(`${cid} is no file.`);
    if (entry.size > maxBytes) throw new FileMissing(`The file ${cid} is larger than ${maxBytes} bytes.`);
    const parts: Uint8Array[] = [];
    for await (const part of entry.content()) parts.push(part);
    return Buffer.concat(parts);
  } catch (error) {
    if (error instanceof FileMissing) throw error;
    if (!(await ipfs.isAlive())) throw new IpfsUnreachable('The IPFS node does not answer.');
    throw new FileMissing(`The IPFS node does not have ${cid}: ${sentence(error)}`);
  }
}

function parseCid(name: string): CID {
  try {
    return CID.parse(name);
  } catch {
    throw new FileMissing(`"${name}" is no CID.`);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
