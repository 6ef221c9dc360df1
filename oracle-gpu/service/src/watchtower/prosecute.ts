import {
  type Case,
  equivocation,
  type FraudProof,
  findProofs,
  type Held,
  nextRefund,
  omittedLongRow,
  operatorRegistryAbi,
  type SettledEvent,
  UnreadableBatch,
} from '@openledger/sdk';
import {
  type Address,
  createWalletClient,
  formatEther,
  type Hex,
  http,
  isAddressEqual,
  parseEventLogs,
  type TransactionReceipt,
} from 'viem';
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { decodeRevert } from '../chain/outbox.ts';
import { sendFrom } from '../chain/sendFrom.ts';
import type { Source } from '../chain/source.ts';
import { sentence } from '../errors.ts';
import { openAnswers } from './answers.ts';
import { caseOf } from './caseOf.ts';
import { type Demand, openDemands } from './demand.ts';
import type { Read, Report } from './examine.ts';
import type { WatchMetrics } from './metrics.ts';
import { openRowDemands } from './rowDemand.ts';
import type { Witness } from './witness.ts';

/** Whom a reward would go to when nobody files: the token refuses the zero address. */
const nobody = '0x000000000000000000000000000000000000dEaD';

export type ProsecutorOptions = Source & {
  rpcUrl: string;
  startBlock: bigint;
  witness: Witness;
  /** What payers hold that proves a batch's evidence false, if anything does. */
  heldOf?: (read: Read) => Promise<Held | undefined>;
  metrics: WatchMetrics;
  say: (line: string) => void;
  /** Who sends proofs; without one they are only reported. */
  key?: Hex | undefined;
  /** Whether data that cannot be fetched is asked for on chain, which takes a bond. */
  asks: boolean;
  /** Whether it also gives payers their money back, which they can do themselves. */
  sendsRefunds: boolean;
};

/** `proven`: the batch is void for it. `nothing`: nothing can be done by asking. */
export type Pursuit = 'waits' | 'proven' | 'nothing';

export type Prosecutor = ReturnType<typeof openProsecutor>;

/** Files the proofs that batches deserve. Every step reads the chain first, so that repeating it does nothing twice. */
export function openProsecutor(options: ProsecutorOptions) {
  const { client, contracts, startBlock, witness, metrics, say } = options;
  const answeredOtherwise = openAnswers(options, startBlock);
  const account: PrivateKeyAccount | undefined = options.key && privateKeyToAccount(options.key);
  const demand = account && options.asks ? openDemands({ ...options, account }) : undefined;
  const demandRow = account && options.asks ? openRowDemands({ ...options, account }) : undefined;

  function targetOf({ contract }: FraudProof): Address {
    if (contract === 'DataRequests') return contracts.data.address;
    return contract === 'EvidenceProofs' ? contracts.evidenceProofs.address : contracts.proofs.address;
  }

  /** Why the chain would not take that; undefined when it would. Throws when it does not answer. */
  async function refusal(target: Address, data: Hex): Promise<string | undefined> {
    try {
      await client.call({ account: account?.address ?? nobody, to: target, data });
      return undefined;
    } catch (error) {
      await client.getBlockNumber();
      return decodeRevert(error) ?? sentence(error);
    }
  }

  function bountyOf({ logs }: TransactionReceipt): bigint {
    const slashes = parseEventLogs({ abi: operatorRegistryAbi, eventName: 'Slashed', logs });
    const mine = slashes.filter(({ args }) => account && isAddressEqual(args.challenger, account.address));
    return mine.reduce((sum, { args }) => sum + args.reward, 0n);
  }

  /** Sends the first of these that the chain takes. Returns whether a proof stands, of whomever. */
  async function file(about: string, proofs: readonly FraudProof[]): Promise<boolean> {
    for (const proof of proofs) {
      const reason = await refusal(targetOf(proof), proof.data);
      if (reason?.startsWith('Settlement_BatchVoid')) {
        metrics.proofs.inc({ fault: proof.fault, result: 'faster' });
        say(`${about}: somebody else's proof came first.`);
        return true;
      }
      if (reason !== undefined) {
        metrics.proofs.inc({ fault: proof.fault, result: 'refused' });
        say(`${about}: the chain would not take the proof of ${proof.fault}: ${reason}`);
        continue;
      }
      if (!account) {
        metrics.proofs.inc({ fault: proof.fault, result: 'not filed' });
        say(`${about} can be proven wrong (${proof.fault}: ${proof.about}): set OPENLEDGER_WATCH_KEY to file such proofs.`);
        return false;
      }
      const receipt = await sendFrom({ ...options, account }, targetOf(proof), proof.data);
      const isFiled = receipt.status === 'success';
      metrics.proofs.inc({ fault: proof.fault, result: isFiled ? 'filed' : 'faster' });
      if (!isFiled) {
        say(`${about}: somebody else's proof came first.`);
        return true;
      }
      const bounty = bountyOf(receipt);
      metrics.bounty.inc(Number(formatEther(bounty)));
      say(
        `${about} is proven wrong (${proof.fault}: ${proof.about}) in ${receipt.transactionHash}: ${formatEther(bounty)} OPEN earned.`,
      );
      return true;
    }
    return false;
  }

  /** Sends the refunds that an operator's void batches still need, which anybody may. */
  async function refund(operator: Address): Promise<void> {
    if (!account || !options.sendsRefunds) return;
    let sent = 0;
    for (;;) {
      const due = await nextRefund(options, operator, startBlock);
      if (!due) break;
      const { request } = await client.simulateContract({
        ...contracts.settlement,
        functionName: 'refund',
        args: due.args,
        account,
      });
      const wallet = createWalletClient({ account, chain: client.chain, transport: http(options.rpcUrl) });
      const { status } = await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request), timeout: 120_000 });
      if (status === 'success') sent += 1; // else another's was first, and the next look sees what is left
    }
    metrics.refunds.inc(sent);
    if (sent > 0) say(`The payers of the void batches of ${operator} are refunded, in ${sent} transactions.`);
  }

  /** Asks on chain for a batch's data that cannot be had, or proves that it was not given. Throws when it has to be tried again. */
  async function pursue(event: SettledEvent): Promise<Pursuit> {
    return follow(event, await demand?.(event));
  }

  async function follow({ args: { operator, batchIndex } }: SettledEvent, next: Demand | undefined): Promise<Pursuit> {
    if (next?.step === 'wait') return 'waits';
    if (next?.step !== 'prove') return 'nothing';
    if (!(await file(`Batch ${batchIndex} of ${operator}`, [next.proof]))) return 'waits'; // the next look tells why
    await refundOrSay(operator);
    return 'proven';
  }

  /** What no transaction shows by itself is asked for on chain: a row too long for one, or data where the file does not open. */
  async function askAbout(event: SettledEvent, against: Case): Promise<Pursuit> {
    const omitted = omittedLongRow(against);
    if (!omitted) return against.batch.receiptsTree ? 'nothing' : pursue(event); // such a file is as good as none
    if (!demandRow)
      say(
        `Receipt ${omitted.item.receipt.sequence} of channel ${omitted.item.receipt.channel} leaves out record ${omitted.leaf.recordId}, whose row is too long for one proof: set OPENLEDGER_WATCH_KEY to ask for its score on chain.`,
      );
    return follow(event, await demandRow?.(event, against, omitted));
  }

  /**
   * What can be done about one batch is done when this returns, or `waits` for an answer to what was asked on chain. Throws
   * when it has to be tried again.
   */
  async function prosecute(event: SettledEvent, { read, faults }: Report): Promise<'done' | 'waits'> {
    const { operator, batchIndex, headerHash } = event.args;
    if (read) witness.remember(await answeredOtherwise(read.file.receipts));
    const signed = read ? await witness.against(operator, read.file.receipts) : [];
    const held = read && (await options.heldOf?.(read));
    if (faults.length === 0 && signed.length === 0 && !held) return 'done';
    const about = `Batch ${batchIndex} of ${operator}`;
    const of = [operator, batchIndex] as const;
    const [{ settled, finalized, voidedFrom }, stored] = await Promise.all([
      client.readContract({ ...contracts.settlement, functionName: 'batches', args: [operator] }),
      client.readContract({ ...contracts.settlement, functionName: 'headerHash', args: of }),
    ]);
    if (stored !== headerHash || (voidedFrom === 0 && batchIndex > settled)) {
      say(`${about} was void already and its payers are refunded: nothing is left to do.`);
    } else if (voidedFrom !== 0 && batchIndex >= voidedFrom) {
      say(`${about} is void already: somebody else was faster.`);
      await refundOrSay(operator);
    } else if (batchIndex <= finalized) {
      await fileEquivocations(about, operator, read, signed);
    } else if (!read) {
      const pursuit = await pursue(event);
      if (pursuit === 'waits') return 'waits';
      if (pursuit === 'nothing') say(`${about} shows nothing that could be proven: what it committed to is not there.`);
    } else {
      const against = await caseOf(options, startBlock, read, { signed, stated: witness.stated, held });
      const proofs = findProofs(against);
      if (proofs.length > 0) {
        if (await file(about, proofs)) await refundOrSay(operator);
      } else {
        const pursuit = await askAbout(event, against);
        if (pursuit === 'waits') return 'waits';
        if (pursuit === 'nothing') say(`${about} has no fault that can be proven to the chain yet.`);
      }
    }
    // Once it is void its receipts can be settled again, and must be the same.
    if (read) witness.remember(read.file.receipts);
    return 'done';
  }

  async function refundOrSay(operator: Address): Promise<void> {
    try {
      await refund(operator);
    } catch (error) {
      if (!(error instanceof UnreadableBatch)) throw error;
      say(`Its payers cannot be refunded from here: ${sentence(error)}`);
    }
  }

  /** Of a final batch nothing can be undone; that its operator signed twice is punished still. */
  async function fileEquivocations(
    about: string,
    operator: Address,
    read: Report['read'],
    signed: Awaited<ReturnType<Witness['against']>>,
  ): Promise<void> {
    const proofs = signed.flatMap((one) => {
      const settled = read?.file.receipts.find(
        ({ receipt }) => receipt.channel === one.receipt.channel && receipt.sequence === one.receipt.sequence,
      );
      return (settled && equivocation(operator, one, settled)) ?? [];
    });
    if (proofs.length === 0) say(`${about} is final: nothing of it can be undone.`);
    else await file(about, proofs);
  }

  return {
    prosecute,
    pursue,
    /** Files what the known receipts prove by themselves. */
    fileContradictions: async (): Promise<void> => {
      for (const { operator, first, second } of await witness.contradictions()) {
        const proof = equivocation(operator, first, second);
        if (proof) await file(`Operator ${operator}`, [proof]);
      }
    },
    /** Who files, if anyone does. */
    address: account?.address,
  };
}
