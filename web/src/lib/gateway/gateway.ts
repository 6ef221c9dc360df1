import {
  createGateway as createClient,
  type JobSpec,
  OpenLedgerError,
  readServerEvents,
  UnreachableError,
} from '@openledger/sdk';
import { z } from 'zod';
import type { Config } from '#lib/config/config.ts';
import { answersSchema, servedModelsSchema, type Uploaded, uploadedSchema } from './schemas.ts';
import { type JobEvent, jobEventSchema } from './training.ts';

const errorSchema = z.object({ error: z.looseObject({ message: z.string(), code: z.string().nullish() }) });

/** The error of an answer that is no success. */
export async function readError(response: Response): Promise<OpenLedgerError> {
  const parsed = errorSchema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success)
    return new OpenLedgerError(`${response.url} answered ${response.status}.`, `http_${response.status}`, response.status);
  const { message, code, ...detail } = parsed.data.error;
  return new OpenLedgerError(message, code ?? `http_${response.status}`, response.status, detail);
}

/** The operator's service and the files it pins; the SDK's client and what only a browser needs. */
export type Gateway = ReturnType<typeof createGateway>;

export function createGateway({ gatewayUrl, ipfsUrl }: Pick<Config, 'gatewayUrl' | 'ipfsUrl'>) {
  const client = createClient(gatewayUrl);
  const files = ipfsUrl.replace(/\/$/, '');

  async function request(url: string, init?: RequestInit): Promise<Response> {
    const response = await fetch(url, init).catch((cause: unknown) => {
      if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
      throw new UnreachableError(url, cause);
    });
    if (!response.ok) throw await readError(response);
    return response;
  }
  const read = async <T>(schema: z.ZodType<T>, path: string): Promise<T> =>
    schema.parse(await (await request(client.url + path)).json());

  return {
    ...client,
    fileUrl: (cid: string) => `${files}/ipfs/${cid}`,
    models: () => read(servedModelsSchema, '/v1/models').then(({ data }) => data),
    latestAnswers: () => read(answersSchema, '/v1/answers/latest'),
    /** What a training would cost with the operator at `url`, or with this one. */
    estimate: (spec: JobSpec, url = client.url) => (url === client.url ? client : createClient(url)).estimate(spec),

    /** Pins a JSONL file of records; `onProgress` from 0 to 1 while it travels. */
    uploadRecords: (file: Blob, onProgress: (share: number) => void) =>
      upload(`${client.url}/v1/files?kind=records`, file, onProgress),

    /** A file by its CID, as text. */
    readFile: async (cid: string): Promise<string> => (await request(`${files}/ipfs/${cid}`)).text(),

    /** Text at an address of the operator's. */
    readText: async (url: string): Promise<string> => (await request(url)).text(),

    /** The log of a training job from entry `from`, then live until it ends or is aborted. */
    async *jobEvents(jobId: string, from: number, signal: AbortSignal): AsyncGenerator<JobEvent> {
      const { body } = await request(`${client.url}/v1/jobs/${jobId}/events?from=${from}`, { signal });
      if (!body) return;
      for await (const { data } of readServerEvents(body)) {
        const event = jobEventSchema.safeParse(JSON.parse(data));
        if (event.success) yield event.data;
      }
    },
  };
}

/** XMLHttpRequest, because fetch cannot tell how much of a body has been sent. */
function upload(url: string, file: Blob, onProgress: (share: number) => void): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('content-type', 'application/jsonl');
    request.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onerror = () => reject(new UnreachableError(url, 'the upload broke off'));
    request.onload = () => {
      if (request.status >= 400) {
        void readError(new Response(request.responseText, { status: request.status })).then(reject, reject);
        return;
      }
      const parsed = uploadedSchema.safeParse(JSON.parse(request.responseText));
      if (parsed.success) resolve(parsed.data);
      else reject(parsed.error);
    };
    request.send(file);
  });
}
