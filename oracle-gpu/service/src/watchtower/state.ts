import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { addressSchema, bytes32Schema } from '@openledger/sdk';
import type { Address } from 'viem';
import { z } from 'zod';

const stateSchema = z.strictObject({
  version: z.literal(1),
  chainId: z.int(),
  settlement: addressSchema,
  /** The last block all of whose batches were looked at, with its hash: absent before the first. */
  done: z.strictObject({ block: z.int().min(0), hash: bytes32Schema }).optional(),
});

export type WatchState = z.infer<typeof stateSchema>;

/** Where a watch goes on; a new one where there is no file. Throws one sentence when the file is another deployment's. */
export function readState(path: string, chainId: number, settlement: Address): WatchState {
  const fresh: WatchState = { version: 1, chainId, settlement };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return fresh;
  }
  const parsed = stateSchema.safeParse(json(text));
  if (!parsed.success) throw new Error(`${path} is no state of a watch: delete it to begin anew, or name another with --state.`);
  if (parsed.data.chainId !== chainId || parsed.data.settlement.toLowerCase() !== settlement.toLowerCase())
    throw new Error(`${path} belongs to a watch of another deployment: delete it to begin anew, or name another with --state.`);
  return parsed.data;
}

/** Replaces the file in one step, so that a power cut leaves the old state or the new one. */
export function writeState(path: string, state: WatchState): void {
  mkdirSync(dirname(path), { recursive: true });
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify(state)}\n`);
  renameSync(next, path);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
