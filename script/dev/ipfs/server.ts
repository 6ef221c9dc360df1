import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { exporter } from 'ipfs-unixfs-exporter';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { addFile } from './addFile.ts';
import { openBlocks, readBlock } from './blocks.ts';

export interface IpfsOptions {
  folder: string;
  /** Largest file that is taken, in bytes. */
  maxFileBytes?: number;
}

/** Codes of the block codecs that are stored here (multicodec table). */
const codecs = new Map([
  ['raw', 0x55],
  ['dag-pb', 0x70],
]);

const parseCid = (text: string) => {
  try {
    return CID.parse(text.replace(/^\/?ipfs\//, '').replace(/\/$/, ''));
  } catch {
    return undefined;
  }
};

/** The single range of bytes that a `Range` header asks for; undefined when it asks for none that is understood. */
function byteRange(header: string | undefined, size: number) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || (!first && !last)) return undefined;
  const offset = first ? Number(first) : Math.max(0, size - Number(last));
  const end = first && last ? Math.min(Number(last), size - 1) : size - 1;
  return offset > end ? 'unsatisfiable' : { offset, length: end - offset + 1 };
}

/**
 * A small IPFS node on this machine alone: the part of Kubo's RPC that graph-node and its client use, and a gateway.
 * Content is what was added here; there is no network behind it.
 */
export async function ipfsServer({ folder, maxFileBytes = 64 * 1024 * 1024 }: IpfsOptions) {
  const blocks = await openBlocks(folder);
  // A request that does not end within two minutes is given up.
  const app = Fastify({ bodyLimit: maxFileBytes, requestTimeout: 120_000, connectionTimeout: 120_000 });
  await app.register(cors, { origin: true, methods: ['GET', 'HEAD', 'POST'], exposedHeaders: ['etag', 'x-ipfs-path'] });
  await app.register(multipart, { limits: { fileSize: maxFileBytes, files: 64 }, throwFileSizeLimit: true });

  /** Kubo's form of an error. */
  const refuse = (reply: FastifyReply, status: number, message: string) =>
    reply.code(status).send({ Message: message, Code: 0, Type: 'error' });

  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, _request, reply) => {
    if (error.statusCode === 413) return refuse(reply, 413, `The file is larger than ${maxFileBytes} bytes: split it.`);
    return refuse(reply, error.statusCode ?? 500, error.message);
  });

  const wanted = (request: FastifyRequest, reply: FastifyReply) => {
    const cid = parseCid((request.query as { arg?: string }).arg ?? '');
    if (!cid) refuse(reply, 400, 'The argument `arg` must be a CID.');
    return cid;
  };

  const file = async (cid: CID) => {
    const entry = await exporter(cid, blocks).catch(() => undefined);
    return entry && (entry.type === 'file' || entry.type === 'raw') ? entry : undefined;
  };

  app.get('/health', async () => ({ status: 'ok' }));
  app.post('/api/v0/version', async () => ({ Version: '0.1.0', Commit: '', Repo: '1', System: 'openledger', Golang: '' }));
  app.post('/api/v0/id', async () => ({ ID: '', PublicKey: '', Addresses: [], AgentVersion: 'openledger/0.1.0', Protocols: [] }));

  app.post('/api/v0/add', async (request, reply) => {
    const added: object[] = [];
    for await (const part of request.files()) {
      const { cid, blocks: total } = await addFile(blocks, part.file);
      if (part.file.truncated) return refuse(reply, 413, `The file is larger than ${maxFileBytes} bytes: split it.`);
      added.push({ Name: part.filename || cid.toString(), Hash: cid.toString(), Size: String(total) });
    }
    if (added.length === 0) return refuse(reply, 400, 'The request has no file: send one as multipart/form-data.');
    return reply.type('application/json').send(added.map((line) => `${JSON.stringify(line)}\n`).join(''));
  });

  app.post('/api/v0/cat', async (request, reply) => {
    const cid = wanted(request, reply);
    if (!cid) return reply;
    const entry = await file(cid);
    if (!entry) return refuse(reply, 500, `block was not found locally (offline): ${cid}`);
    const { offset, length } = request.query as { offset?: string; length?: string };
    const from = Number(offset ?? 0);
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry.content({ offset: from, length: length === undefined ? undefined : Number(length) })) {
      chunks.push(chunk);
    }
    return reply.type('text/plain').header('x-content-length', String(entry.size)).send(Buffer.concat(chunks));
  });

  app.post('/api/v0/block/get', async (request, reply) => {
    const cid = wanted(request, reply);
    if (!cid) return reply;
    if (!(await blocks.has(cid))) return refuse(reply, 500, `block was not found locally (offline): ${cid}`);
    return reply.type('application/octet-stream').send(Buffer.from(await readBlock(blocks, cid)));
  });

  app.post('/api/v0/block/stat', async (request, reply) => {
    const cid = wanted(request, reply);
    if (!cid) return reply;
    if (!(await blocks.has(cid))) return refuse(reply, 500, `block was not found locally (offline): ${cid}`);
    return { Key: cid.toString(), Size: (await readBlock(blocks, cid)).length };
  });

  app.post('/api/v0/block/put', async (request, reply) => {
    const part = await request.file();
    if (!part) return refuse(reply, 400, 'The request has no block: send one as multipart/form-data.');
    const asked = request.query as { 'cid-codec'?: string; format?: string }; // the second is the older name of the first
    const name = asked['cid-codec'] ?? asked.format ?? 'raw';
    const codec = codecs.get(name);
    if (codec === undefined)
      return refuse(reply, 400, `The codec ${name} is unknown here: use ${[...codecs.keys()].join(' or ')}.`);
    const bytes = await part.toBuffer();
    const cid = CID.createV1(codec, await sha256.digest(bytes));
    await blocks.put(cid, bytes);
    return { Key: cid.toString(), Size: bytes.length };
  });

  app.post('/api/v0/files/stat', async (request, reply) => {
    const cid = wanted(request, reply);
    if (!cid) return reply;
    const entry = await file(cid);
    if (!entry) return refuse(reply, 500, `block was not found locally (offline): ${cid}`);
    return { Hash: cid.toString(), Size: Number(entry.size), CumulativeSize: Number(entry.size), Blocks: 0, Type: 'file' };
  });

  // Everything that was added stays: pinning has nothing to do beyond checking that the content is here.
  app.post('/api/v0/pin/add', async (request, reply) => {
    const cid = wanted(request, reply);
    if (!cid) return reply;
    if (!(await blocks.has(cid))) return refuse(reply, 500, `block was not found locally (offline): ${cid}`);
    return { Pins: [cid.toString()] };
  });
  app.post('/api/v0/pin/ls', async (request, reply) => {
    const cid = wanted(request, reply);
    if (!cid) return reply;
    if (!(await blocks.has(cid))) return refuse(reply, 500, `path '${cid}' is not pinned`);
    return { Keys: { [cid.toString()]: { Type: 'recursive' } } };
  });

  app.get<{ Params: { cid: string } }>('/ipfs/:cid', async (request, reply) => {
    const cid = parseCid(request.params.cid);
    if (!cid) return refuse(reply, 400, 'The address must end in a CID.');
    const etag = `"${cid}"`;
    reply.headers({ etag, 'x-ipfs-path': `/ipfs/${cid}`, 'cache-control': 'public, max-age=29030400, immutable' });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    const entry = await file(cid);
    if (!entry) {
      reply.header('cache-control', 'no-store');
      return refuse(reply, 404, `${cid} is not stored here.`);
    }
    const size = Number(entry.size);
    const range = byteRange(request.headers.range, size);
    if (range === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${size}`).send();
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry.content(range)) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (range) reply.code(206).header('content-range', `bytes ${range.offset}-${range.offset + range.length - 1}/${size}`);
    const start = range ? '' : body.subarray(0, 1).toString();
    // JSON and text are all that people look at; nothing is ever served as a page that could run.
    return reply
      .type(start === '{' || start === '[' ? 'application/json' : 'application/octet-stream')
      .headers({ 'x-content-type-options': 'nosniff', 'accept-ranges': 'bytes' })
      .send(body);
  });

  app.addHook('onClose', () => blocks.close());
  return app;
}
