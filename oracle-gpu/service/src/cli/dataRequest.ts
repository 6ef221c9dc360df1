import {
  accuse,
  askedTree,
  type BatchHeader,
  leavesRequestId,
  openBatch,
  openEvidence,
  readSettled,
  rowRequest,
  rowRequestId,
  type SettledBatch,
  settledEvents,
} from '@openledger/sdk';
import { formatEther, type Hex, isAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { askOnChain, type Question } from '../chain/ask.ts';
import { decodeRevert } from '../chain/outbox.ts';
import { readBatchData } from '../watchtower/batchData.ts';
import { openBatchFacts } from '../watchtower/batchFacts.ts';
import { readReceipts } from '../watchtower/witness.ts';
import { waitForAnswer } from './dataAnswer.ts';
import { keyOf } from './key.ts';
import { openChainOf, openIpfsOf } from './sources.ts';

/** Options of `openledger data request` besides the sources. */
export const dataRequestOptions = { wait: { type: 'boolean' }, receipts: { type: 'string' } } as const;

type Given = {
  rpc?: string | undefined;
  deployment?: string | undefined;
  ipfs?: string | undefined;
  wait?: boolean | undefined;
  receipts?: string | undefined;
};
type Opened = Awaited<ReturnType<typeof openChainOf>>;
type Asked = Question & { requestId: Hex; what: string };

/**
 * Asks on chain for data of a pending batch. With `wait`, until it is answered, or voids the batch by what the answer, or
 * its absence, proves. Returns whether the operator has answered and nothing is proven by it.
 */
export async function dataRequest(words: readonly string[], given: Given, print: (text: string) => void): Promise<boolean> {
  const [operator = '', index = '', what = '', ...numbers] = words;
  if (!isAddress(operator, { strict: false }))
    throw new Error(`"${operator}" is no address: name the operator whose batch it is.`);
  const batchIndex = wholeNumber('number of a batch', index, 1);
  const key = keyOf(process.env.OPENLEDGER_WATCH_KEY);
  if (!key) throw new Error('OPENLEDGER_WATCH_KEY names no account: the one that asks pays a bond.');
  const known = given.receipts === undefined ? [] : readReceipts(given.receipts);
  const source = await openChainOf(given);
  const account = privateKeyToAccount(key);
  const events = await settledEvents(source, { fromBlock: BigInt(source.deployment.startBlock) }, { operator, batchIndex });
  const event = events.at(-1); // a number is used again after a void
  if (!event) throw new Error(`Operator ${operator} has settled no batch ${batchIndex} on this chain.`);
  const batch = await readSettled(source, event);
  const asked =
    what === 'row' ? await askedRow(source, given, batch, numbers) : askedLeaves(batch.header, batch.headerHash, what, numbers);
  const found = await send(source, account, asked);
  print(
    `${asked.what} of batch ${batchIndex} of ${operator} asked for on chain in ${found.transactionHash}, for a bond of ${formatEther(found.bond)} OPEN: request ${asked.requestId}.`,
  );
  if (given.wait !== true) return true;
  return waitForAnswer({ ...source, ipfs: openIpfsOf(given), account, known, print }, batch, asked.requestId);
}

async function send(source: Opened, account: ReturnType<typeof privateKeyToAccount>, asked: Asked) {
  try {
    const found = await askOnChain({ ...source, account }, asked);
    if (found) return found;
  } catch (error) {
    const reason = decodeRevert(error);
    if (reason === undefined) throw error;
    throw new Error(`The chain does not take the request: ${reason}.`);
  }
  throw new Error('Somebody else asked for the same first: wait for that answer.');
}

/** Parameters, a receipt, or leaves of the allocations or rewards, by their index in the tree, sentinels included. */
function askedLeaves(header: BatchHeader, headerHash: Hex, what: string, numbers: readonly string[]): Asked {
  const takes: Record<string, number> = { parameters: 0, receipt: 1, allocations: 2, rewards: 2 };
  const most = takes[what];
  if (most === undefined) throw new Error(`"${what}" cannot be asked for: parameters, receipt, allocations, rewards or row can.`);
  const least = Math.min(most, 1);
  if (numbers.length < least || numbers.length > most)
    throw new Error(`${what} takes ${most === 0 ? 'no number' : 'the number of a leaf'}: see openledger data request --help.`);
  const from = numbers[0] === undefined ? 0 : wholeNumber('number of a leaf', numbers[0], 0);
  const count = numbers[1] === undefined ? 1 : wholeNumber('count of leaves', numbers[1], 1);
  const tree = what === 'parameters' ? askedTree.parameters : askedTree[what === 'receipt' ? 'receipts' : (what as 'rewards')];
  return {
    functionName: 'requestData',
    args: [accuse(header, []).header, tree, from, count],
    requestId: leavesRequestId({ headerHash, tree, from, count }),
    what: `${what} ${numbers.join(' ')}`.trim(),
  };
}

/** A row of the index that a receipt was scored with: the receipt must be in the batch's file, and its release published. */
async function askedRow(source: Opened, given: Given, batch: SettledBatch, numbers: readonly string[]): Promise<Asked> {
  const [at, place, part, ...more] = numbers;
  if (at === undefined || place === undefined || more.length > 0)
    throw new Error('row takes a receipt, a position in the index and a chunk: see openledger data request --help.');
  const leaf = wholeNumber('number of a receipt', at, 1);
  const position = wholeNumber('position in the index', place, 0);
  const chunk = part === undefined ? 0 : wholeNumber('chunk', part, 0);
  const ipfs = openIpfsOf(given);
  const file = await readBatchData(ipfs, batch.dataCommitment);
  const facts = await openBatchFacts({ ...source, ipfs })(file, batch.header.body.feeVersion, batch.channels);
  const opened = [...openEvidence({ batch: openBatch(file, batch.header, batch.channels), facts })];
  const found = opened.find(({ opened: { receipt } }) => receipt.leaf.index === leaf);
  if (!found) throw new Error(`The batch has no receipt ${leaf} of a single release that is published.`);
  const { asked, args } = rowRequest(batch.header, found.opened, position, chunk);
  return {
    functionName: 'requestRow',
    args,
    requestId: rowRequestId(asked),
    what: `row ${position}, chunk ${chunk}, that receipt ${leaf} was scored with`,
  };
}

function wholeNumber(what: string, text: string, least: number): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < least) throw new Error(`"${text}" is no ${what}: it is at least ${least}.`);
  return Number(text);
}
