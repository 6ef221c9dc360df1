import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'ipfs-http-client';
import type { CID } from 'multiformats/cid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addFile } from './addFile.ts';
import { ipfsServer } from './server.ts';

let folder: string;
let server: Awaited<ReturnType<typeof ipfsServer>>;
let url: string;
let client: ReturnType<typeof create>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openledger-ipfs-'));
  server = await ipfsServer({ folder, maxFileBytes: 2 * 1024 * 1024 });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
  client = create({ url });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';
function multibase(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  let text = 'b';
  for (let at = 0; at < bits.length; at += 5) text += base32[Number.parseInt(bits.slice(at, at + 5).padEnd(5, '0'), 2)];
  return text;
}
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
const cidOf = (codec: number, block: Buffer) => Buffer.concat([Buffer.from([1, codec, 0x12, 0x20]), sha256(block)]);
const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Buffer.from([...bytes, value]);
};
const field = (tag: number, body: Buffer) => Buffer.concat([Buffer.from([tag]), varint(body.length), body]);

/** A node of a file's tree: its CID, the bytes of the file below it, and the bytes of all blocks below and of itself. */
interface Node {
  cid: Buffer;
  fileSize: number;
  blocksSize: number;
}

/** A UnixFS node over its children, written out by the DAG-PB and UnixFS specifications, apart from the library. */
function nodeOver(children: Node[]): Node {
  const fileSize = children.reduce((sum, child) => sum + child.fileSize, 0);
  const links = children.map((child) => {
    const name = Buffer.from([0x12, 0x00]); // an empty name is written
    return field(0x12, Buffer.concat([field(0x0a, child.cid), name, Buffer.from([0x18]), varint(child.blocksSize)]));
  });
  const unixfs = Buffer.concat([
    Buffer.from([0x08, 0x02, 0x18]),
    varint(fileSize),
    ...children.map((child) => Buffer.concat([Buffer.from([0x20]), varint(child.fileSize)])),
  ]);
  const block = Buffer.concat([...links, field(0x0a, unixfs)]);
  const blocksSize = block.length + children.reduce((sum, child) => sum + child.blocksSize, 0);
  return { cid: cidOf(0x70, block), fileSize, blocksSize };
}

/** The CID of a file of several chunks as Kubo makes it: leaves of 262,144 bytes, at most 174 children, all leaves equally deep. */
function chunked(content: Buffer): string {
  let level: Node[] = [];
  for (let at = 0; at < content.length; at += 262_144) {
    const chunk = content.subarray(at, at + 262_144);
    level.push({ cid: cidOf(0x55, chunk), fileSize: chunk.length, blocksSize: chunk.length });
  }
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 174) }, (_, at) => nodeOver(level.slice(at * 174, at * 174 + 174)));
  }
  return multibase((level[0] as Node).cid);
}

// A file of one chunk is its raw block: multibase32(01 55 12 20 ‖ sha256), which is what Kubo prints for these bytes.
test.each([
  ['', 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'],
  ['hello world', 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'],
])('gives %j the CID that Kubo gives it', async (text, cid) => {
  expect((await client.add(Buffer.from(text))).cid.toString()).toBe(cid);
});

test('cuts larger files as Kubo does: raw leaves of 256 KiB under one node', async () => {
  const content = Buffer.alloc(700_000, 'OpenLedger');
  const { cid } = await client.add(content);
  expect(cid.toString()).toBe(chunked(content));
});

test('puts a second level of nodes over more than 174 chunks', async () => {
  const content = Buffer.alloc(175 * 262_144, 'level');
  const nowhere = { put: async (cid: CID) => cid };
  expect((await addFile(nowhere, [content])).cid.toString()).toBe(chunked(content));
});

test('gives back the bytes through the client and the gateway', async () => {
  const content = Buffer.alloc(600_000, 'abc');
  const { cid } = await client.add(content);
  const parts: Uint8Array[] = [];
  for await (const part of client.cat(cid)) parts.push(part);
  expect(Buffer.concat(parts).equals(content)).toBe(true);
  const response = await fetch(`${url}/ipfs/${cid}`);
  expect(response.headers.get('cache-control')).toContain('immutable');
  expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
  const again = await fetch(`${url}/ipfs/${cid}`, { headers: { 'if-none-match': response.headers.get('etag') ?? '' } });
  expect(again.status).toBe(304);
});

test('gives back a part of a file, as browsers and clients ask for it', async () => {
  const content = Buffer.from('0123456789'.repeat(60_000));
  const { cid } = await client.add(content);
  const part = async (range: string) => fetch(`${url}/ipfs/${cid}`, { headers: { range } });
  const middle = await part('bytes=262140-262149'); // over the border of two blocks
  expect([middle.status, middle.headers.get('content-range')]).toEqual([206, 'bytes 262140-262149/600000']);
  expect(await middle.text()).toBe('0123456789');
  expect(await (await part('bytes=-3')).text()).toBe('789');
  expect((await part('bytes=600000-')).status).toBe(416);
  const parts: Uint8Array[] = [];
  for await (const chunk of client.cat(cid, { offset: 262_140, length: 10 })) parts.push(chunk);
  expect(Buffer.concat(parts).toString()).toBe('0123456789');
});

test('takes blocks one by one and gives each its CID', async () => {
  const { cid } = await client.add(Buffer.alloc(300_000, 'z'));
  const root = await client.block.get(cid);
  expect((await client.block.put(root, { format: 'dag-pb' })).toString()).toBe(cid.toString());
  const leaf = await client.block.put(Buffer.from('leaf'), { format: 'raw' });
  expect((await client.block.stat(leaf)).size).toBe(4);
  expect((await client.pin.add(leaf)).toString()).toBe(leaf.toString());
  await expect(client.block.put(Buffer.from('{}'), { format: 'dag-json' })).rejects.toThrow(/use raw or dag-pb/);
});

test('keeps what it has over a restart', async () => {
  const { cid } = await client.add(Buffer.from('kept'));
  const second = await ipfsServer({ folder });
  const answer = await second.inject({ method: 'GET', url: `/ipfs/${cid}` });
  expect(answer.body).toBe('kept');
});

test('says what it does not have, what is too large and what is not a CID', async () => {
  const missing = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
  expect((await fetch(`${url}/ipfs/${missing}`)).status).toBe(404);
  expect((await fetch(`${url}/ipfs/nonsense`)).status).toBe(400);
  await expect(client.add(Buffer.alloc(3 * 1024 * 1024))).rejects.toThrow(/split it/);
});
