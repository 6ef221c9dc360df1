import type { Hex } from 'viem';
import { z } from 'zod';
import { bytes32Schema } from '../schema/primitives.ts';
import { toJson } from '../schema/toJson.ts';
import { hashRemark, type SignedRemark, type Subject, signedRemarkSchema, subjectSchema } from './remark.ts';

/** Most messages of one thread, which travels and is pinned as a whole. */
export const longestThread = 1_000;

/** A whole discussion as it is pinned on IPFS. */
export const threadSchema = z.strictObject({
  format: z.literal('openledger-discussion-1'),
  chainId: z.int().positive(),
  subject: subjectSchema,
  messages: z.array(signedRemarkSchema).max(longestThread),
});

export type Thread = z.infer<typeof threadSchema>;

/** A discussion as an operator serves it: `cid` names the pinned document with the first `pinned` messages to arrive. */
export const discussionSchema = z.object({
  thread: threadSchema,
  cid: z.string().nullable(),
  pinned: z.int().min(0),
});

/** What a message became: its hash, and the CID of the thread with it; null while no IPFS node takes it. */
export const saidSchema = z.object({ hash: bytes32Schema, cid: z.string().nullable() });

/** A subject as routes name it: `0x…-12`. */
export const subjectPath = ({ contract, proposalId }: Subject): string => `${contract.toLowerCase()}-${proposalId}`;

export type Discussion = z.infer<typeof discussionSchema>;

/**
 * The one document of these messages: each once, by time and then hash, addresses in lower case. Whoever has the same
 * messages gets the same bytes, and so the same CID, whatever operator they came from.
 */
export function threadOf(chainId: number, subject: Subject, messages: readonly SignedRemark[]): Thread {
  const known = new Map<Hex, SignedRemark>(messages.map((message) => [hashRemark(message, chainId), plain(message)]));
  const sorted = [...known].sort(([a, x], [b, y]) => x.timestamp - y.timestamp || (a < b ? -1 : 1));
  return {
    format: 'openledger-discussion-1',
    chainId,
    subject: { contract: lower(subject.contract), proposalId: subject.proposalId },
    messages: sorted.map(([, message]) => message),
  };
}

/** The document's bytes as text. */
export const threadText = (thread: Thread): string => JSON.stringify(toJson(thread));

const lower = <T extends Hex>(hex: T): T => hex.toLowerCase() as T;

/** With its fields in one order. */
function plain({ contract, proposalId, author, parent, timestamp, text, signature }: SignedRemark): SignedRemark {
  return { contract: lower(contract), proposalId, author: lower(author), parent, timestamp, text, signature: lower(signature) };
}
