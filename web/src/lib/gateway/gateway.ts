import { receiptBundleSchema, type ReceiptBundle } from '@openledger/sdk';
import { z } from 'zod';
import type { Config } from '#lib/config/config.ts';
import { readError } from './error.ts';
import * as schemas from './schemas.ts';
import { readEvents } from './sse.ts';
import { jobEventSchema, type JobEvent, type TrainingSpec } from './training.ts';

/** The operator's service and the files it pins. Every answer is checked for its shape. */
export type Gateway = ReturnType<typeof createGateway>;

export function createGateway(config: Pick<Config, 'gatewayUrl' | 'ipfsUrl'>) {
  const base = config.gatewayUrl.replace(/\/$/, '');
  const files = config.ipfsUrl.replace(/\/$/, '');

  async function ask<S extends z.ZodType>(path: string, schema: S, init?: RequestInit): Promise<z.output<S>> {
    const response = await fetch(base + path, init);
    if (!response.ok) throw await readError(response);
    return schema.parse(await response.json());
  }

  const post = (body: unknown, apiKey?: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
    body: JSON.stringify(body),
  });
  const bearer = (apiKey: string | undefined): RequestInit => (apiKey ? { headers: { authorization: `Bearer ${apiKey}` } } : {});

  return {
    url: base,
    fileUrl: (cid: string) => `${files}/ipfs/${cid}`,

    info: () => ask('/v1/info', schemas.infoSchema),
    bases: () => ask('/v1/bases', z.array(schemas.baseSchema)),
    models: () => ask('/v1/models', schemas.servedModelsSchema).then(({ data }) => data),
    latestAnswers: () => ask('/v1/answers/latest', schemas.answersSchema),
    duplicates: (contributionId: number) => ask(`/v1/contributions/${contributionId}/duplicates`, schemas.duplicatesSchema),
    rewards: (account: string) => ask(`/v1/rewards/${account}`, schemas.rewardsSchema),
    settle: () => ask('/v1/batches/settle', z.unknown(), post({})),
    estimate: (spec: TrainingSpec) => ask('/v1/training/estimate', schemas.estimateSchema, post(spec)),
    job: (jobId: string) => ask(`/v1/jobs/${jobId}`, schemas.gatewayJobSchema),
    receipt: (hash: string, apiKey?: string): Promise<ReceiptBundle> => ask(`/v1/receipts/${hash}`, receiptBundleSchema, bearer(apiKey)),
    openSession: (body: { voucher: unknown; signature: string; keyHash: string }) => ask('/v1/sessions', schemas.sessionSchema, post(body)),
    session: (apiKey: string) => ask('/v1/sessions/me', schemas.sessionStateSchema, bearer(apiKey)),

    /** Pins a JSONL file of records; `onProgress` from 0 to 1 while it travels. */
    uploadRecords: (file: Blob, onProgress: (share: number) => void) => upload(`${base}/v1/files?kind=records`, file, 'application/jsonl', onProgress),
    /** Pins a small document and returns its CID. */
    uploadDocument: async (document: unknown): Promise<string> => (await ask('/v1/files?kind=document', schemas.uploadSchema, post(document))).cid,

    /** A file by its CID, as text. */
    readFile: async (cid: string): Promise<string> => {
      const response = await fetch(`${files}/ipfs/${cid}`);
      if (!response.ok) throw await readError(response);
      return response.text();
    },

    /** The log of a training job from entry `from`, then live until it ends. */
    jobEvents: async function* (jobId: string, from: number, signal: AbortSignal): AsyncGenerator<JobEvent> {
      const response = await fetch(`${base}/v1/jobs/${jobId}/events?from=${from}`, { signal });
      if (!response.ok || !response.body) throw await readError(response);
      for await (const { data } of readEvents(response.body)) {
        const event = jobEventSchema.safeParse(JSON.parse(data));
        if (event.success) yield event.data;
      }
    },
  };
}

/** XMLHttpRequest, because fetch cannot tell how much of a body has been sent. */
function upload(url: string, file: Blob, type: string, onProgress: (share: number) => void): Promise<z.output<typeof schemas.uploadSchema>> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('content-type', type);
    request.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onerror = () => reject(new TypeError('Failed to fetch'));
    request.onload = () => {
      const response = new Response(request.responseText, { status: request.status });
      if (!response.ok) void readError(response).then(reject, reject);
      else {
        const parsed = schemas.uploadSchema.safeParse(JSON.parse(request.responseText));
        if (parsed.success) resolve(parsed.data);
        else reject(parsed.error);
      }
    };
    request.send(file);
  });
}
