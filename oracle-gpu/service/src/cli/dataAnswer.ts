import {
  accuse,
  type DataAnswer,
  type Doubt,
  type FraudProof,
  falseRowAnswer,
  int8FromHex,
  int8Tree,
  pendingBefore,
  readDataAnswer,
  type SettledBatch,
  treeId,
  withheldData,
} from '@openledger/sdk';
import type { Hex } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import { askedStatus, openAskedData } from '../chain/askedData.ts';
import { sendFrom } from '../chain/sendFrom.ts';
import type { Ipfs } from '../ipfs/client.ts';
import { openIndexRowsReader } from '../watchtower/indexRows.ts';
import type { KnownReceipt } from '../watchtower/witness.ts';
import type { openChainOf } from './sources.ts';

type Asker = Awaited<ReturnType<typeof openChainOf>> & {
  ipfs: Ipfs;
  account: PrivateKeyAccount;
  /** Receipts whose queries refute a false score. */
  known: readonly KnownReceipt[];
  print: (text: string) => void;
};

/** How often the chain is looked at for an answer, ms. */
const pollMs = 1_000;

/**
 * Waits for the answer to a request, and sends what it, or its absence, proves against the batch.
 * @returns whether the operator has answered and nothing is proven by it
 */
export async function waitForAnswer(asker: Asker, batch: SettledBatch, requestId: Hex): Promise<boolean> {
  const { client, contracts, deployment, print } = asker;
  const requests = openAskedData(asker);

  async function accused() {
    const earlier = await pendingBefore(asker, BigInt(deployment.startBlock), batch);
    return accuse(
      batch.header,
      earlier.map(({ header }) => header),
    );
  }

  async function prove({ fault, about, data }: FraudProof): Promise<false> {
    const { status, transactionHash } = await sendFrom(asker, contracts.data.address, data);
    print(
      status === 'success'
        ? `The batch is proven wrong (${fault}: ${about}) in ${transactionHash}.`
        : 'The batch is void: somebody else was faster.',
    );
    return false;
  }

  for (;;) {
    const { status, deadline } = await requests.stateOf(requestId);
    if (status === askedStatus.answered) break;
    if (status === askedStatus.none) {
      print('The chain was reorganised, and the request is gone: ask again.');
      return false;
    }
    if (status !== askedStatus.open) {
      print('The batch is void, or about to be: somebody else was faster.');
      return false;
    }
    if ((await client.getBlock()).timestamp > deadline) return prove(withheldData(await accused(), requestId));
    await new Promise((done) => setTimeout(done, pollMs));
  }
  const found = await requests.answerTo(requestId, batch.block);
  if (!found) throw new Error('The chain says that the request is answered and does not show the answer: look again later.');
  print(`Answered in ${found.transactionHash}.`);
  const answer = readDataAnswer(found.data);
  if (answer?.of !== 'row') return true;
  print(`The operator states that row ${answer.asked.position} scores ${answer.partials.join(' + ')}.`);
  const proof = falseRowAnswer(await accused(), answer, await doubtOf(asker, answer));
  return proof ? prove(proof) : true;
}

/** What refutes a false score: the query in a payer's receipt, and the row where its release publishes it. */
async function doubtOf(asker: Asker, { asked, by }: Extract<DataAnswer, { of: 'row' }>): Promise<Doubt | undefined> {
  for (const { query } of asker.known) {
    const vector = query && int8FromHex(query);
    if (!vector || int8Tree(treeId.query, vector).root !== by.evidence.queryRoot) continue;
    const rows = await openIndexRowsReader(asker)(asked.releaseHash);
    return typeof rows === 'string' ? { query: vector } : { query: vector, row: rows.componentsAt(asked.position) };
  }
  return undefined;
}
