import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ipfsServer } from '../../../../script/dev/ipfs/server.ts';
import { testBatch } from '../../../../sdk/src/verify/testBatch.ts';
import { addJson, catJson, type Ipfs, openIpfs } from '../ipfs/client.ts';
import { FileMissing } from '../ipfs/readVerified.ts';
import { encodeFile, pinBatch } from '../settlement/file.ts';
import { MalformedData, readBatchData } from './batchData.ts';

let folder: string;
let server: Awaited<ReturnType<typeof ipfsServer>>;
let ipfs: Ipfs;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openledger-data-'));
  server = await ipfsServer({ folder });
  ipfs = openIpfs(await server.listen({ host: '127.0.0.1', port: 0 }));
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test.each([1, 150])('a batch of %i receipts comes back as it was pinned, pages put together', async (size) => {
  const { file } = await testBatch(size);
  const cid = await pinBatch(ipfs, await encodeFile(file));
  const { pages = [] } = (await catJson(ipfs, cid)) as { pages?: string[] };
  expect(pages.length > 1).toBe(size > 1);
  expect(await readBatchData(ipfs, `ipfs://${cid}`)).toEqual(file);
});

test('what is there and is no batch file is a fault; what is not there may be on its way', async () => {
  const { file } = await testBatch(1);
  const cid = await pinBatch(ipfs, await encodeFile(file));
  const missing = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
  const whole = (await catJson(ipfs, cid)) as object;
  const changed = async (part: object): Promise<string> => `ipfs://${await addJson(ipfs, { ...whole, ...part })}`;
  await expect(readBatchData(ipfs, 'elsewhere')).rejects.toThrow(MalformedData);
  await expect(readBatchData(ipfs, `ipfs://${await ipfs.add(Buffer.from('{'))}`)).rejects.toThrow(/is no JSON/);
  await expect(readBatchData(ipfs, await changed({ dayIndex: -1 }))).rejects.toThrow(/at dayIndex/);
  await expect(readBatchData(ipfs, await changed({ pages: [missing] }))).rejects.toThrow(FileMissing);
});
