import { z } from 'zod';
import { OpenLedgerError, UnreachableError } from '../errors/openLedgerError.ts';
import { readServerEvents } from './readServerEvents.ts';
import { type FilePreview, previewSchema } from './schemas.ts';

/** `onProgress` is told how much is done, from 0 to 1; aborting the signal stops the operator's engine too. */
export type PreviewOptions = { onProgress?: (done: number) => void; signal?: AbortSignal };

const progressSchema = z.object({ done: z.number() });
const errorSchema = z.object({ error: z.looseObject({ message: z.string(), code: z.string() }) });

/** Sends a file to be looked at and reads how far that is, then what was found. */
export async function previewFile(
  request: (path: string, init: RequestInit) => Promise<Response>,
  datanetId: number,
  jsonl: string | Uint8Array<ArrayBuffer>,
  { onProgress, signal }: PreviewOptions,
): Promise<FilePreview> {
  const path = `/v1/datanets/${datanetId}/preview`;
  const { body } = await request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/jsonl' },
    body: jsonl,
    ...(signal ? { signal } : {}),
  });
  if (body)
    for await (const { event, data } of readServerEvents(body)) {
      const value: unknown = JSON.parse(data);
      if (event === 'progress') onProgress?.(progressSchema.parse(value).done);
      if (event === 'result') return previewSchema.parse(value);
      if (event === 'error') {
        const { message, code, ...detail } = errorSchema.parse(value).error;
        throw new OpenLedgerError(message, code, 200, detail);
      }
    }
  throw new UnreachableError(path, 'the answer broke off');
}
