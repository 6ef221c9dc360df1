import { Readable } from 'node:stream';
import { bytes32Schema, toJson } from '@openledger/sdk';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { exportFormatSchema } from '../engine/schemas.ts';
import { exportsOf, openExportFile, releaseToExport, startExport } from '../exports/exports.ts';
import { createSlots } from '../gateway/slots.ts';
import type { Trainer } from '../training/estimate.ts';

const bodySchema = z.strictObject({ format: exportFormatSchema });
const fileSchema = z.object({ format: exportFormatSchema, name: z.string().max(200) });
/** Files that one address loads at once. */
const downloadsAtOnce = 4;
/** Headers of the engine's answer that a part of a file is described by. */
const passed = ['content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified'];

/** `/v1/releases/:hash/exports`: a release as other programs load it: made, followed, downloaded. */
export function releaseExports(app: FastifyInstance, context: Trainer): void {
  const slots = createSlots(downloadsAtOnce);
  const rateLimit = { max: context.config.limits.exportsPerMinute, timeWindow: 60_000 };
  const find = (hash: string) => releaseToExport(context, bytes32Schema.parse(hash));

  app.get<{ Params: { hash: string } }>('/v1/releases/:hash/exports', async (request) =>
    toJson(await exportsOf(context, await find(request.params.hash))),
  );

  app.post<{ Params: { hash: string } }>('/v1/releases/:hash/exports', { config: { rateLimit } }, async (request, reply) => {
    const { format } = bodySchema.parse(request.body);
    return reply.code(202).send(await startExport(context, await find(request.params.hash), format));
  });

  app.get<{ Params: { hash: string; format: string; name: string } }>(
    '/v1/releases/:hash/exports/:format/files/:name',
    async (request, reply) => {
      const { format, name } = fileSchema.parse(request.params);
      const release = await find(request.params.hash);
      const giveBack = slots.take(request.ip);
      const gone = new AbortController();
      reply.raw.once('close', () => {
        gone.abort();
        giveBack();
      });
      const { response, sha256 } = await openExportFile(context, release, format, name, request.headers.range, gone.signal);
      for (const header of passed) {
        const value = response.headers.get(header);
        if (value !== null) void reply.header(header, value);
      }
      // RFC 9530: of the whole file, also where a part of it is sent.
      if (sha256) void reply.header('repr-digest', `sha-256=:${Buffer.from(sha256.slice(2), 'hex').toString('base64')}:`);
      return reply
        .code(response.status)
        .header('content-disposition', `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`)
        .type('application/octet-stream')
        .send(response.body ? Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]) : '');
    },
  );
}
