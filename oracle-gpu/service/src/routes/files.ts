import type { Readable } from 'node:stream';
import { parseJsonl, recordLimits, recordsRoot } from '@openledger/sdk';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { ServiceError } from '../errors.ts';
import { readWhole, tooLarge } from './readWhole.ts';

const documentBytes = 256 * 1024;
/** Up to here a body that is too large is read to its end before it is refused; beyond, the connection is cut. */
const drainedBytes = 4 * recordLimits.fileBytes;
const querySchema = z.object({ kind: z.enum(['records', 'document']) });
/** Most bad lines that one answer names. */
const shownErrors = 100;

/** `POST /v1/files`: checks and pins a contribution's records, or a small document. */
export function files(app: FastifyInstance, context: Context): void {
  void app.register(async (scope) => {
    // Bodies come as they are, whatever their type: JSONL, JSON or text.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request: FastifyRequest, body: Readable) => readWhole(body, recordLimits.fileBytes));
    const rateLimit = { max: context.config.limits.uploadsPerMinute, timeWindow: 60_000 };

    scope.post('/v1/files', { bodyLimit: drainedBytes, config: { rateLimit } }, async (request) => {
      const { kind } = querySchema.parse(request.query);
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      return kind === 'records' ? pinRecords(context, bytes) : pinDocument(context, bytes);
    });
  });
}

async function pinRecords({ ipfs }: Context, bytes: Buffer) {
  const { recordIds, errors } = parseJsonl(bytes);
  if (errors.length > 0) {
    const [first] = errors;
    throw new ServiceError(
      400,
      'invalid_records',
      `Nothing was stored: line ${first?.line} ${first?.reason}${errors.length > 1 ? `, and ${errors.length - 1} more` : ''}.`,
      {
        details: errors.slice(0, shownErrors),
        errors: errors.length,
      },
    );
  }
  return {
    cid: await ipfs.add(bytes),
    bytes: bytes.length,
    count: recordIds.length,
    recordsRoot: recordsRoot(recordIds),
    recordIds,
  };
}

async function pinDocument({ ipfs }: Context, bytes: Buffer) {
  if (bytes.length > documentBytes)
    throw tooLarge(`A document has at most ${documentBytes} bytes, this one has ${bytes.length}: shorten it.`, documentBytes);
  if (bytes.length === 0) throw new ServiceError(400, 'empty_file', 'The body is empty: send the document.');
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ServiceError(400, 'invalid_document', 'A document is JSON or text in UTF-8: this is neither.');
  }
  return { cid: await ipfs.add(bytes), bytes: bytes.length };
}
