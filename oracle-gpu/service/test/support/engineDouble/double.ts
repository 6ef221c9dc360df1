// State of the engine's double that its routes share.
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Hex } from 'viem';
import { type Behaviour, doubleBase, newBehaviour } from './behaviour.ts';
import type { RetrievalRecord } from './retrieval.ts';
import { hex, sha256 } from './tokens.ts';
import type { Job } from './training.ts';

export type Double = {
  app: FastifyInstance;
  behaviour: Behaviour;
  count: { generate: number; attribute: number; preview: number; built: number; calibrate: number; routed: number };
  /** Bodies of what was to be generated, in order. */
  asked: object[];
  jobs: Map<string, Job>;
  retrieval: Map<string, RetrievalRecord[]>;
  /** Checkpoints' adapters that may be asked. */
  lent: Set<string>;
  /** Texts of each route. */
  routes: Map<string, string[]>;
};

export const newDouble = (app: FastifyInstance): Double => ({
  app,
  behaviour: newBehaviour(),
  count: { generate: 0, attribute: 0, preview: 0, built: 0, calibrate: 0, routed: 0 },
  asked: [],
  jobs: new Map(),
  retrieval: new Map(),
  lent: new Set(),
  routes: new Map(),
});

/** A checkpoint's adapter: of a job's step. */
export const checkpointOf = (id: string, step: number): Hex => hex(sha256(`${id}:${step}`));

/** The trained job that gave this adapter. */
export const findJob = ({ jobs }: Double, adapter: string): Job | undefined =>
  [...jobs.values()].find((job) => job.adapter === adapter && job.result);

export const refuse = (reply: FastifyReply, status: number, code: string, message: string, detail = {}) =>
  reply.code(status).send({ error: { message, type: 'engine_error', code, ...detail } });

export const tooLong = (reply: FastifyReply, length: number) =>
  refuse(reply, 400, 'context_length_exceeded', `The prompt has ${length} tokens: shorten it.`, {
    promptTokens: length,
    contextLength: doubleBase.contextLength,
  });
