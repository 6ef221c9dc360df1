import type { LeavesAsked, RowAsked } from '@openledger/sdk';
import type { Address, Hash, Hex } from 'viem';
import type { Source } from './source.ts';

/** `deadline` in seconds since 1970. */
type Request = { requestId: Hex; deadline: number; requester: Address };
export type AskedLeaves = Request & { of: 'leaves' } & LeavesAsked;
export type AskedRow = Request & { of: 'row'; receiptHash: Hex } & RowAsked;
/** A request for data of a batch, as its event tells it. */
export type AskedData = AskedLeaves | AskedRow;

/** States of a request, as the contract counts them. */
export const askedStatus = { none: 0, open: 1, answered: 2, withheld: 3, dropped: 4 } as const;
/** What `heldUntil` says of a batch while a request of it is open. */
export const heldForNow = 2n ** 64n - 1n;

/** Most blocks asked for at once: what public nodes allow. */
const blocksAtOnce = 2_000n;
/** Blocks that are read again each time, since a reorganisation may have changed them. */
const reorgDepth = 64n;

/**
 * Reads what was asked of batches, each block once but for the newest. What a reorganisation took back may still be given:
 * the contract's `request` tells.
 */
export function openAskedData({ client, contracts }: Source) {
  const batches = new Map<Hex, { next: bigint; asked: Map<Hex, AskedData> }>();

  async function read(headerHash: Hex, fromBlock: bigint, toBlock: bigint): Promise<AskedData[]> {
    const of = { ...contracts.data, args: { headerHash }, fromBlock, toBlock, strict: true } as const;
    const [leaves, rows] = await Promise.all([
      client.getContractEvents({ ...of, eventName: 'DataRequested' }),
      client.getContractEvents({ ...of, eventName: 'RowRequested' }),
    ]);
    return [
      ...leaves.map(({ args }): AskedLeaves => {
        const { requestId, tree, from, count, deadline, requester } = args;
        return { of: 'leaves', requestId, headerHash, tree, from, count, deadline: Number(deadline), requester };
      }),
      ...rows.map(({ args }): AskedRow => {
        const { requestId, releaseHash, receiptHash, evidenceHash, position, chunk, deadline, requester } = args;
        const asked = { headerHash, releaseHash, evidenceHash, position, chunk };
        return { of: 'row', ...asked, receiptHash, requestId, deadline: Number(deadline), requester };
      }),
    ];
  }

  async function askedOf(headerHash: Hex, fromBlock: bigint): Promise<AskedData[]> {
    const known = batches.get(headerHash) ?? { next: fromBlock, asked: new Map<Hex, AskedData>() };
    batches.set(headerHash, known);
    const head = await client.getBlockNumber();
    for (let from = known.next; from <= head; from += blocksAtOnce) {
      const last = from + blocksAtOnce - 1n;
      for (const one of await read(headerHash, from, last < head ? last : head)) known.asked.set(one.requestId, one);
    }
    known.next = head - reorgDepth > fromBlock ? head - reorgDepth : fromBlock;
    return [...known.asked.values()];
  }

  /** What was answered to a request, in which transaction; undefined where nothing is. */
  async function answerTo(requestId: Hex, fromBlock: bigint): Promise<{ data: Hex; transactionHash: Hash } | undefined> {
    const head = await client.getBlockNumber();
    for (let from = fromBlock; from <= head; from += blocksAtOnce) {
      const last = from + blocksAtOnce - 1n;
      const of = { ...contracts.data, args: { requestId }, fromBlock: from, toBlock: last < head ? last : head } as const;
      const [event] = await client.getContractEvents({ ...of, eventName: 'DataAnswered', strict: true });
      if (event) return { data: event.args.answer, transactionHash: event.transactionHash };
    }
    return undefined;
  }

  return {
    askedOf,
    answerTo,
    /** The contract's word on a request. */
    stateOf: (requestId: Hex) => client.readContract({ ...contracts.data, functionName: 'request', args: [requestId] }),
    /** Nobody asks for this batch any more. */
    forget: (headerHash: Hex): void => void batches.delete(headerHash),
  };
}
