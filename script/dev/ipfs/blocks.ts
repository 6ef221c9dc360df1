import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { FsBlockstore } from 'blockstore-fs';
import { NextToLast } from 'blockstore-fs/sharding';
import type { CID } from 'multiformats/cid';

/** A block store in a folder whose writes have reached the disk when `put` returns. */
export async function openBlocks(folder: string): Promise<FsBlockstore> {
  const sharding = new NextToLast();
  const blocks = new FsBlockstore(folder, { shardingStrategy: sharding });
  await blocks.open();
  const write = blocks.put.bind(blocks);
  blocks.put = async (cid: CID, bytes, options) => {
    await write(cid, bytes, options);
    const { dir, file } = sharding.encode(cid);
    const handle = await open(join(folder, dir, file), 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    return cid;
  };
  return blocks;
}

/** The bytes of a block in one piece. Fails when it is not here. */
export async function readBlock(blocks: FsBlockstore, cid: CID): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of blocks.get(cid)) parts.push(part);
  return Buffer.concat(parts);
}
