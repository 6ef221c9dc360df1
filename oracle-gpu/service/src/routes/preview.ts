import { PassThrough, type Readable } from 'node:stream';
import { previewLimits, toJson, uint32Schema } from '@openledger/sdk';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isAddressEqual, zeroAddress } from 'viem';
import { z } from 'zod';
import { errorBody, ServiceError, sentence } from '../errors.ts';
import { previewEarnings, readPreviewFile } from '../preview/preview.ts';
import type { Trainer } from '../training/estimate.ts';
import { readWhole } from './readWhole.ts';

const idSchema = z.coerce.number().pipe(uint32Schema);

/** `POST /v1/datanets/:id/preview`: what a file repeats and would have earned, before it is contributed. Nothing is stored. */
export function preview(app: FastifyInstance, context: Trainer): void {
  let isBusy = false;

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request: FastifyRequest, body: Readable) => readWhole(body, previewLimits.fileBytes));
    const rateLimit = { max: context.config.limits.previewsPerMinute, timeWindow: 60_000 };

    scope.post<{ Params: { id: string } }>(
      '/v1/datanets/:id/preview',
      { bodyLimit: 4 * previewLimits.fileBytes, config: { rateLimit } },
      async (request, reply) => {
        const datanetId = idSchema.parse(request.params.id);
        const parsed = readPreviewFile(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
        await requireDatanet(datanetId);
        if (isBusy)
          throw new ServiceError(503, 'preview_busy', 'Another file is being looked at: try again in a minute.', {
            retryAfter: 60,
          });
        isBusy = true;
        const out = new PassThrough();
        const send = (event: string, data: unknown): void =>
          void out.write(`event: ${event}\ndata: ${JSON.stringify(toJson(data))}\n\n`);
        const stopped = new AbortController();
        out.once('close', () => stopped.abort());
        const report = (done: number): void => send('progress', { done });
        report(0);
        void previewEarnings(context, datanetId, parsed, stopped.signal, report)
          .then(
            (found) => send('result', found),
            (error: unknown) => {
              if (!stopped.signal.aborted) send('error', errorBody(known(error)));
            },
          )
          .finally(() => {
            isBusy = false;
            out.end();
          });
        return reply
          .header('cache-control', 'no-store')
          .header('x-accel-buffering', 'no')
          .type('text/event-stream; charset=utf-8')
          .send(out);
      },
    );
  });

  /** Throws 404 unless the chain has the datanet. */
  async function requireDatanet(datanetId: number): Promise<void> {
    const { pool } = await context.facts.datanet(datanetId);
    if (isAddressEqual(pool, zeroAddress))
      throw new ServiceError(404, 'datanet_not_found', `There is no datanet ${datanetId} on this chain.`);
  }

  function known(error: unknown): ServiceError {
    if (error instanceof ServiceError) return error;
    context.log.error({ reason: sentence(error) }, 'a preview failed'); // nothing of the file is said
    return new ServiceError(500, 'internal', 'The service failed on this file: try again.');
  }
}
