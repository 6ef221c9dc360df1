import { importByteStream, type WritableStorage } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';

/** What `ipfs add --cid-version=1` of Kubo does: raw leaves of 256 KiB, a balanced tree of 174 links a node. */
const asKubo = {
  cidVersion: 1,
  rawLeaves: true,
  wrapWithDirectory: false,
  reduceSingleLeafToSelf: true,
  chunker: fixedSize({ chunkSize: 262_144 }),
  layout: balanced({ maxChildrenPerNode: 174 }),
} as const;

/** Stores a file. Returns its CID and the sizes of the file and of its blocks in bytes. */
export async function addFile(blocks: WritableStorage, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const { cid, size, unixfs } = await importByteStream(content, blocks, asKubo);
  return { cid, size: Number(unixfs ? unixfs.fileSize() : size), blocks: Number(size) };
}
