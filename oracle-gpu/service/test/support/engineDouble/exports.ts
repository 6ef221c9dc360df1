// Exports of the engine's double: the adapter's own files and a card of what it was told, done when asked a second time.
import { canonicalJson } from '@openledger/sdk';
import { type Double, findJob, refuse } from './double.ts';
import { hex, sha256 } from './tokens.ts';

type Export = { id: string; status: 'running' | 'done'; files: Record<string, Buffer> };
type Body = { adapter: string; format: string; provenance: object };

export function addExports(double: Double): void {
  const { app, behaviour } = double;
  const exports = new Map<string, Export>();
  const show = ({ id, status, files }: Export) => ({
    id,
    status,
    ...(status === 'running'
      ? { stage: 'write' }
      : {
          result: {
            files: Object.entries(files).map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: hex(sha256(bytes)) })),
            checks: [{ reader: 'peft', divergence: 0.00001, limit: 0.0001 }],
          },
        }),
  });

  app.get<{ Querystring: { adapter: string } }>('/v1/exports', async (request, reply) => {
    if (!findJob(double, request.query.adapter)) return refuse(reply, 404, 'adapter_not_found', 'There is no such adapter.');
    return ['peft', 'merged', 'gguf-f16', 'gguf-q8_0'].map((format) => ({
      format,
      mostBytes: 1_000,
      refused: format.startsWith('gguf') ? (behaviour.ggufRefusal ?? null) : null,
    }));
  });
  app.post<{ Body: Body }>('/v1/exports', async (request, reply) => {
    const { adapter, format, provenance } = request.body;
    const job = findJob(double, adapter);
    if (!job) return refuse(reply, 404, 'adapter_not_found', 'There is no such adapter.');
    if (behaviour.isExportQueueFull)
      return reply
        .code(429)
        .header('retry-after', '60')
        .send({ error: { message: '8 exports are waiting already.', code: 'too_many_exports', retryAfter: 60 } });
    const id = `${adapter}.${format}`;
    const files = { ...job.files, 'README.md': Buffer.from(`# Card\n\n${canonicalJson(provenance)}\n`) };
    const made = exports.get(id) ?? { id, status: 'running', files };
    exports.set(id, made);
    return reply.code(202).send(show(made));
  });
  app.get<{ Params: { id: string } }>('/v1/exports/:id', async (request, reply) => {
    const found = exports.get(request.params.id);
    if (!found) return refuse(reply, 404, 'export_not_found', 'There is no such export.');
    const shown = show(found);
    found.status = 'done';
    return shown;
  });
  app.get<{ Params: { id: string; name: string } }>('/v1/exports/:id/files/:name', async (request, reply) => {
    const file = exports.get(request.params.id)?.files[request.params.name];
    if (!file) return refuse(reply, 404, 'file_not_found', 'There is no such file.');
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    void reply.type('application/octet-stream').header('accept-ranges', 'bytes');
    if (from === undefined) return reply.send(file);
    if (Number(from) >= file.length) return reply.code(416).header('content-range', `bytes */${file.length}`).send('');
    const part = file.subarray(Number(from), Number(to) + 1);
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${file.length}`;
    return reply.code(206).header('content-range', range).send(part);
  });
}
