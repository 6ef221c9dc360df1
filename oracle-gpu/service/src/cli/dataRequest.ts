import {
  accuse,
  askedTree,
  type BatchHeader,
  type FraudProof,
  falseRowAnswer,
  leavesRequestId,
  openBatch,
  openEvidence,
  pendingBefore,
  readDataAnswer,
  readSettled,
  rowRequest,
  rowRequestId,
  type SettledBatch,
  settledEvents,
  withheldData,
} from '@openledger/sdk';
import { createWalletClient, formatEther, type Hex, http, isAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { askOnChain, type Question } from '../chain/ask.ts';
import { askedStatus, openAskedData } from '../chain/askedData.ts';
import { decodeRevert } from '../chain/outbox.ts';
import { readBatchData } from '../watchtower/batchData.ts';
import { openBatchFacts } from '../watchtower/batchFacts.ts';
import { openChainOf, openIpfsOf } from './sources.ts';
import { keyOf } from './watch.ts';

/** Options of `openledger data request` besides the sources. */
export const dataRequestOptions = { wait: { type: 'boolean' } } as const;

type Given = { rpc?: string | undefined; deployment?: string | undefined; ipfs?: string | undefined; wait?: boolean | undefined };
type Opened = Awaited<ReturnType<typeof openChainOf>>;
type Asked = Question & { requestId: Hex; what: string };

/** How often the chain is looked at for an answer, ms. */
const pollMs = 1_000;

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
  return given.wait === true ? waitForAnswer(source, batch, asked.requestId, account, print) : true;
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

async function waitForAnswer(
  source: Opened,
  batch: SettledBatch,
  requestId: Hex,
  account: ReturnType<typeof privateKeyToAccount>,
  print: (text: string) => void,
): Promise<boolean> {
  const { client, contracts, deployment, rpcUrl } = source;
  const requests = openAskedData(source);
  const accused = async () => {
    const earlier = await pendingBefore(source, BigInt(deployment.startBlock), batch);
    return accuse(
      batch.header,
      earlier.map(({ header }) => header),
    );
  };
  const prove = async ({ fault, about, data }: FraudProof): Promise<false> => {
    const wallet = createWalletClient({ account, chain: client.chain, transport: http(rpcUrl) });
    const call = { account, to: contracts.data.address, data };
    const gas = await client.estimateGas(call);
    const { transactionHash } = await client.waitForTransactionReceipt({
      hash: await wallet.sendTransaction({ ...call, gas: (gas * 13n) / 10n }),
    });
    print(`The batch is proven wrong (${fault}: ${about}) in ${transactionHash}.`);
    return false;
  };
  for (;;) {
    const { status, deadline } = await requests.stateOf(requestId);
    if (status === askedStatus.answered) break;
    if (status !== askedStatus.open) {
      print('The batch is void, or about to be: somebody else was faster.');
      return false;
    }
    if ((await client.getBlock()).timestamp > deadline) return prove(withheldData(await accused(), requestId));
    await new Promise((done) => setTimeout(done, pollMs));
  }
  const [event] = await client.getContractEvents({
    ...contracts.data,
    eventName: 'DataAnswered',
    args: { requestId },
    fromBlock: batch.block,
    strict: true,
  });
  const answer = event && readDataAnswer(event.args.answer);
  print(`Answered in ${event?.transactionHash}.`);
  if (answer?.of !== 'row') return true;
  print(`The operator states that the row scores ${answer.partials.join(' + ')}.`);
  const proof = falseRowAnswer(await accused(), answer);
  return proof ? prove(proof) : true;
}

function wholeNumber(what: string, text: string, least: number): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < least) throw new Error(`"${text}" is no ${what}: it is at least ${least}.`);
  return Number(text);
}
