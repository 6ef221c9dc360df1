import type { Address, Hex } from 'viem';
import { z } from 'zod';
import { runViewSchema } from '../agents/runView.ts';
import type { SignedRemark, Subject } from '../discussions/remark.ts';
import { discussionSchema, saidSchema, subjectPath } from '../discussions/thread.ts';
import { datanetFlagSchema, type SignedFlag } from '../flags/flag.ts';
import type { SignedBallot } from '../governance/ballot.ts';
import type { SignedDelegation } from '../governance/delegation.ts';
import type { EvaluationItems } from '../proposals/evaluationItems.ts';
import { toJson } from '../schema/toJson.ts';
import type { Session } from '../session/createSession.ts';
import type { SignedCancelJob } from '../training/cancelJob.ts';
import { type AttributionRequest, attributionSchema } from './attribution.ts';
import { type Fetch, gatewayRequest } from './gatewayRequest.ts';
import { type PreviewOptions, previewFile } from './previewFile.ts';
import { readServerEvents } from './readServerEvents.ts';
import { receiptBundleSchema } from './receiptBundle.ts';
import {
  baseSchema,
  batchSummarySchema,
  calibrationStateSchema,
  checkpointAnswerSchema,
  committedItemsSchema,
  documentFileSchema,
  duplicatesSchema,
  type ExportFormat,
  estimateSchema,
  exportStateSchema,
  type FreeQuestion,
  freeAnswerSchema,
  infoSchema,
  type JobEvent,
  type JobSpec,
  jobEventSchema,
  jobSchema,
  modelListSchema,
  recordsFileSchema,
  relayedSchema,
  releaseExportsSchema,
  rewardsSchema,
  sessionSchema,
  sessionStateSchema,
  shelfSchema,
} from './schemas.ts';

export type Gateway = ReturnType<typeof createGateway>;

/**
 * Typed calls of an oracle service. Every failure is an OpenLedgerError whose message says what to do.
 * Chat itself speaks OpenAI's protocol: use any client of it with `${url}/v1` and the session's API key.
 */
export function createGateway(url: string, send: Fetch = globalThis.fetch) {
  const base = url.replace(/\/$/, '');
  const request = (path: string, init?: RequestInit): Promise<Response> => gatewayRequest(`${base}${path}`, init, send);
  const get = async <T>(schema: z.ZodType<T>, path: string, apiKey?: string): Promise<T> =>
    schema.parse(await (await request(path, apiKey ? { headers: { authorization: `Bearer ${apiKey}` } } : {})).json());
  const post = async <T>(schema: z.ZodType<T>, path: string, body: unknown, apiKey?: string): Promise<T> =>
    schema.parse(
      await (
        await request(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
          body: JSON.stringify(toJson(body)),
        })
      ).json(),
    );

  return {
    url: base,
    info: () => get(infoSchema, '/v1/info'),
    bases: () => get(z.array(baseSchema), '/v1/bases'),

    /** Validates and pins a contribution's JSONL; `invalid_records` carries line and reason of each bad line. */
    uploadRecords: async (jsonl: string | Uint8Array<ArrayBuffer>) =>
      recordsFileSchema.parse(
        await (
          await request('/v1/files?kind=records', {
            method: 'POST',
            headers: { 'content-type': 'application/jsonl' },
            body: jsonl,
          })
        ).json(),
      ),
    /** Pins a JSON document (≤ 256 KiB). */
    uploadDocument: (document: unknown) => post(documentFileSchema, '/v1/files?kind=document', document),
    duplicates: (contributionId: number) => get(duplicatesSchema, `/v1/contributions/${contributionId}/duplicates`),

    /**
     * What a file of records repeats and would have earned on this operator's paid calls of the last 30 days. The file
     * stays in the operator's memory. `onProgress` from 0 to 1.
     */
    previewFile: (datanetId: number, jsonl: string | Uint8Array<ArrayBuffer>, options: PreviewOptions = {}) =>
      previewFile(request, datanetId, jsonl, options),

    openSession: ({ voucher, signature, keyHash }: Pick<Session, 'voucher' | 'signature' | 'keyHash'>) =>
      post(sessionSchema, '/v1/sessions', { voucher, signature, keyHash }),
    session: (apiKey: string) => get(sessionStateSchema, '/v1/sessions/me', apiKey),
    /** All of them, page by page. */
    async models() {
      const list = await get(modelListSchema, '/v1/models');
      for (let page = list; page.has_more && page.last_id; list.data.push(...page.data))
        page = await get(modelListSchema, `/v1/models?after=${encodeURIComponent(page.last_id)}`);
      return list;
    },
    /** What a release can be downloaded as, how far each is, and why it cannot be. */
    exports: (releaseHash: Hex) => get(releaseExportsSchema, `/v1/releases/${releaseHash}/exports`),
    startExport: (releaseHash: Hex, format: ExportFormat) =>
      post(exportStateSchema, `/v1/releases/${releaseHash}/exports`, { format }),
    exportFileUrl: (releaseHash: Hex, format: string, name: string) =>
      `${base}/v1/releases/${releaseHash}/exports/${format}/files/${encodeURIComponent(name)}`,
    /** The datanets that answers of this operator can cite now. */
    sources: () => get(z.array(shelfSchema), '/v1/sources'),
    receipt: (receiptHash: Hex, apiKey?: string) => get(receiptBundleSchema, `/v1/receipts/${receiptHash}`, apiKey),

    /** What an agent did and paid, for the key of whoever asked it. */
    run: (id: string, apiKey: string) => get(runViewSchema, `/v1/runs/${encodeURIComponent(id)}`, apiKey),

    /** Which records shaped an answer, and which phrases of it: of a receipt of one's own, or of any text. Not charged. */
    attribution: (asked: AttributionRequest, apiKey: string) => post(attributionSchema, '/v1/attribution', asked, apiKey),

    /** Tells the reviewers of the datanets behind an answer what is wrong with it; only its payer can. */
    flag: (flag: SignedFlag) => post(z.object({ id: z.string() }), '/v1/flags', flag),
    flags: (datanetId: number) => get(z.array(datanetFlagSchema), `/v1/flags?datanet=${datanetId}`),

    /** Has the operator carry a signed vote to the chain, at its gas. The transaction may still be in no block. */
    vote: (ballot: SignedBallot) => post(relayedSchema, '/v1/votes', ballot),
    /** The same of a signed delegation. */
    delegate: (delegation: SignedDelegation) => post(relayedSchema, '/v1/delegations', delegation),

    /** Takes part in what is said about a proposal; the operator keeps it and pins the whole thread. */
    say: (message: SignedRemark) => post(saidSchema, `/v1/discussions/${subjectPath(message)}`, message),
    discussion: (subject: Subject) => get(discussionSchema, `/v1/discussions/${subjectPath(subject)}`),

    batches: (operator: Address) => get(z.array(batchSummarySchema), `/v1/batches?operator=${operator}`),
    /** Asks the operator to settle what is open now. */
    settle: () => post(z.looseObject({}), '/v1/batches/settle', {}),
    rewards: (account: Address) => get(rewardsSchema, `/v1/rewards/${account}`),

    /** Tells the operator in confidence what a model shall be measured on, before it is trained: a job names the commitment. */
    tellItems: (items: EvaluationItems) => post(committedItemsSchema, '/v1/evaluation-items', items),
    /** Has the operator draw questions from the datanets, which are then not trained on, with what resembles them. */
    drawItems: (draw: { datanets: JobSpec['datanets']; count: number; maxTokens?: number }) =>
      post(committedItemsSchema, '/v1/evaluation-items/drawn', draw),
    estimate: (spec: JobSpec) => post(estimateSchema, '/v1/training/estimate', spec),
    /** What measuring the fidelity of a job's release would take and cost, how far it is, and what is known. */
    calibration: (jobId: number, runs?: number) =>
      get(calibrationStateSchema, `/v1/jobs/${jobId}/calibration${runs === undefined ? '' : `?runs=${runs}`}`),
    /** Steps after which a training has kept its adapter so far. */
    checkpoints: (jobId: number) => get(z.array(z.object({ step: z.int() })), `/v1/jobs/${jobId}/checkpoints`),
    /** What a training's adapter of that step answers; only with a key of whoever opened the job. Not charged. */
    askCheckpoint: (jobId: number, step: number, { messages, maxTokens }: FreeQuestion, apiKey: string) =>
      post(checkpointAnswerSchema, `/v1/jobs/${jobId}/checkpoints/${step}/answers`, { messages, max_tokens: maxTokens }, apiKey),
    /** What the base alone answers, to compare with. Not charged. */
    askBase: (baseModel: Hex, { messages, maxTokens }: FreeQuestion, apiKey: string) =>
      post(freeAnswerSchema, `/v1/bases/${baseModel}/answers`, { messages, max_tokens: maxTokens }, apiKey),
    /** Stops a training; only its requester can. What was not released goes back after the time of delivery. */
    cancelJob: ({ jobId, ...body }: SignedCancelJob) => post(jobSchema, `/v1/jobs/${jobId}/cancel`, body),
    jobs: () => get(z.array(jobSchema), '/v1/jobs'),
    job: (jobId: number) => get(jobSchema, `/v1/jobs/${jobId}`),
    /** The job's log from entry `from` on, then live until its last event. */
    async *jobEvents(jobId: number, from = 0): AsyncGenerator<JobEvent> {
      const { body } = await request(`/v1/jobs/${jobId}/events?from=${from}`);
      if (!body) return;
      for await (const { data } of readServerEvents(body)) yield jobEventSchema.parse(JSON.parse(data));
    },
  };
}
