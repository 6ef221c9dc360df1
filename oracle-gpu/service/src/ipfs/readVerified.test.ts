import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ipfsServer } from '../../../../script/dev/ipfs/server.ts';
import { type Ipfs, openIpfs } from './client.ts';
import { FileMissing, IpfsUnreachable, readVerified } from './readVerified.ts';

let folder: string;
let server: Awaited<ReturnType<typeof ipfsServer>>;
let ipfs: Ipfs;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openledger-verified-'));
  server = await ipfsServer({ folder });
  ipfs = openIpfs(await server.listen({ host: '127.0.0.1', port: 0 }));
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test.each([10, 262_144, 700_000])('a file of %i bytes comes back whole', async (size) => {
  const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31) % 251);
  const cid = await ipfs.add(bytes);
  expect(Buffer.compare(await readVerified(ipfs, cid), bytes)).toBe(0);
});

test('other bytes than the CID names are refused, in whichever block', async () => {
  const cid = await ipfs.add(new Uint8Array(600_000).fill(7));
  for (const lie of [1, 2]) {
    let asked = 0;
    const liar = {
      ...ipfs,
      block: async (name: string) => {
        asked += 1;
        const isLie = asked === lie; // several blocks are asked for at once
        const bytes = Uint8Array.from(await ipfs.block(name));
        if (isLie) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        return bytes;
      },
    };
    await expect(readVerified(liar, cid)).rejects.toThrow(/other bytes/);
  }
});

test('a missing file and a silent node are told apart', async () => {
  const missing = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
  await expect(readVerified(ipfs, missing)).rejects.toThrow(FileMissing);
  await expect(readVerified(ipfs, 'nonsense')).rejects.toThrow(FileMissing);
  await expect(readVerified(openIpfs('http://127.0.0.1:1'), missing)).rejects.toThrow(IpfsUnreachable);
});
