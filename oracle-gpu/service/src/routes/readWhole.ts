import type { Readable } from 'node:stream';
import { ServiceError } from '../errors.ts';

/** The body, or 413 once it has been sent: an answer in the middle would reach most clients as a broken connection. */
export async function readWhole(body: Readable, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > limit) parts.length = 0;
    else parts.push(part);
  }
  if (bytes > limit) throw tooLarge(`A file has at most ${limit} bytes, this one has ${bytes}: split it.`, limit);
  return Buffer.concat(parts);
}

export const tooLarge = (message: string, limit: number): ServiceError =>
  new ServiceError(413, 'file_too_large', message, { limit });
