import { randomBytes, randomUUID } from 'node:crypto';
import { promptHash, runHash } from '@openledger/sdk';
import { type Hex, toHex } from 'viem';
import { now } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { AgentQuestion } from './askAgent.ts';
import type { ServedAgent } from './load.ts';
import type { RunError, RunRow } from './store.ts';

/** What a new run is bound to, before its first step. */
export function openRun(channel: Hex, agent: ServedAgent, { quoted }: AgentQuestion) {
  const [salt, nonce] = [toHex(randomBytes(32)), toHex(randomBytes(32))];
  const { releaseHash } = agent.model.release;
  const hash = runHash({ channel, releaseHash, promptHash: promptHash(salt, quoted), nonce });
  return { id: randomUUID(), releaseHash, nonce, salt, messages: quoted, runHash: hash, created: now() };
}

/** A run goes on with the version that it began with, or not at all. */
export function requireSameVersion(row: RunRow, { model }: ServedAgent): void {
  if (row.releaseHash !== model.release.releaseHash)
    throw new ServiceError(
      409,
      'run_changed',
      `${model.name} has another version than when this run began: ask again with a new Idempotency-Key.`,
    );
}

/** What is kept of whatever ended a run. */
export function errorOf(error: unknown): RunError {
  if (error instanceof ServiceError) {
    const { status, code, message, detail } = error;
    return { status, code, message, detail };
  }
  return { status: 500, code: 'internal', message: 'The gateway failed on this run: try again.', detail: {} };
}
