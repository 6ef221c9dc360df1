import { hashRemark, type SignedRemark, zeroHash } from '@openledger/sdk';
import type { Hex } from 'viem';

/** A message at its place: `depth` answers below the first; `orphan`: it answers one that is not here. */
export type Placed = { hash: Hex; remark: SignedRemark; depth: number; orphan: boolean };

/** Messages in reading order: each followed by its answers, all by time. What answers a missing one stands by itself. */
export function placed(chainId: number, messages: readonly SignedRemark[]): Placed[] {
  const nodes = messages.map((remark) => ({ hash: hashRemark(remark, chainId), remark }));
  const known = new Set(nodes.map(({ hash }) => hash));
  const answers = new Map<Hex, typeof nodes>();
  for (const node of nodes) {
    const parent = known.has(node.remark.parent) ? node.remark.parent : zeroHash;
    answers.set(parent, [...(answers.get(parent) ?? []), node]);
  }
  const order: Placed[] = [];
  // a stack and no recursion: a thread may be one message below the other, as long as a thread gets
  const waiting = (answers.get(zeroHash) ?? []).map((node) => ({ ...node, depth: 0 })).reverse();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const { hash, remark, depth } = node;
    order.push({ hash, remark, depth, orphan: depth === 0 && remark.parent !== zeroHash });
    waiting.push(...(answers.get(hash) ?? []).map((answer) => ({ ...answer, depth: depth + 1 })).reverse());
  }
  return order;
}

/** What acts on a screen without being seen: control characters other than tab and line break, and turns of direction. */
const hidden = /(?![\n\t])\p{Cc}|\p{Bidi_Control}|\ufeff/gu;

/** A message as it is shown. What was signed stays as it is. */
export const shownText = (text: string): string => text.replace(/\r\n?/g, '\n').replace(hidden, '');
