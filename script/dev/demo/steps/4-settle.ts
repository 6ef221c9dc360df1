import {
  type Allocation,
  type BatchFile,
  type BatchHeader,
  batchFileSchema,
  headerHash,
  OpenLedgerError,
  type ReceiptBundle,
  verifyBatch,
} from '@openledger/sdk';
import type { DevName } from '@openledger/sdk/dev';
import { type Address, isAddressEqual, parseEventLogs } from 'viem';
import { z } from 'zod';
import { mustHold, open, say, waitFor, waitUntil } from '../show.ts';
import { addressOf, readJson, type Stage } from '../stage.ts';
import type { DatanetResult } from './1-datanet.ts';
import type { AskResult } from './3-ask.ts';

/** A final batch with the file its data commitment names. */
export type SettledBatch = { batchIndex: number; header: BatchHeader; file: BatchFile; burned: bigint; toTreasury: bigint };

export type Payment = { account: Address; amount: bigint };
export type SettleResult = { batches: SettledBatch[]; payments: Payment[]; poolPayments: Payment[] };

/** Who is paid for these calls besides datanet pools. */
const claimants: DevName[] = ['alice', 'bob', 'carol', 'proposer', 'operator'];

/** Step 4: the receipts are settled; after the window everybody claims, to the wei. */
export async function settleAndClaim(stage: Stage, { answers }: AskResult, datanet: DatanetResult): Promise<SettleResult> {
  const indexes = await settle(
    stage,
    answers.map(({ bundle }) => bundle),
  );
  const batches: SettledBatch[] = [];
  for (const batchIndex of indexes) batches.push(await finish(stage, batchIndex));
  const payments = await claimRewards(stage, batches, await poolOf(stage, datanet));
  const poolPayments = await claimFromPool(stage, datanet);
  return { batches, payments, poolPayments };
}

/** Asks the operator to settle, and waits until every receipt is in a batch. */
async function settle({ gateway }: Stage, bundles: readonly ReceiptBundle[]): Promise<number[]> {
  await gateway.settle().catch((error: unknown) => {
    if (!(error instanceof OpenLedgerError)) throw error;
    say(`  the operator settles by itself: ${error.message}`); // it may have done so already, or be about to
  });
  const batchOf = await waitFor('the receipts to be settled', 120, async () => {
    const settled = await Promise.all(bundles.map(({ receiptHash }) => gateway.receipt(receiptHash)));
    const numbers = settled.flatMap(({ status, batchIndex }) =>
      status !== 'signed' && batchIndex !== undefined ? [batchIndex] : [],
    );
    return numbers.length === bundles.length ? numbers : undefined;
  });
  const indexes = [...new Set(batchOf)].sort((a, b) => a - b);
  say(
    `operator settles the ${bundles.length} receipts in ${indexes.length === 1 ? `one batch, number ${indexes[0]}` : `batches ${indexes.join(', ')}`}`,
  );
  return indexes;
}

/** Waits for the window, makes the batch final, and checks its file against what the chain stores. */
async function finish(stage: Stage, batchIndex: number): Promise<SettledBatch> {
  const { chain, contracts, gateway, operator, transact, now } = stage;
  const { header, dataCid } = await waitFor(`batch ${batchIndex} in the service's list`, 60, async () => {
    const found = (await gateway.batches(operator)).find((batch) => batch.batchIndex === batchIndex);
    return found?.header && found.dataCid ? { header: found.header, dataCid: found.dataCid } : undefined;
  });
  const window = Number(await chain.readContract({ ...contracts.settlement, functionName: 'window' }));
  await waitUntil(`the window of batch ${batchIndex}, in which anyone may object`, header.settledAt + window + 1, now);
  const pending = async (): Promise<boolean> =>
    (await chain.readContract({ ...contracts.settlement, functionName: 'batches', args: [operator] })).finalized < batchIndex;
  if (await pending()) {
    // Anyone may do this; the operator usually was faster. Its transaction may still wait for a block: then the gas
    // estimate, which counts what waits, already says that nothing is left to do.
    await transact('caller', contracts.settlement, 'finalize', [{ ...header, settledAt: BigInt(header.settledAt) }]).catch(
      (error: unknown) =>
        waitFor(`batch ${batchIndex} to be final`, 30, async () => !(await pending()) || undefined).catch(() => {
          throw error;
        }),
    );
  }
  const [event] = await chain.getContractEvents({
    ...contracts.settlement,
    eventName: 'BatchFinalized',
    args: { operator, batchIndex },
    fromBlock: BigInt(stage.deployment.startBlock),
  });
  const { burned, toTreasury, net } = event?.args ?? {};
  if (burned === undefined || toTreasury === undefined || net === undefined)
    throw new Error(`Batch ${batchIndex} is not final on chain.`);

  const file = await readBatchFile(stage, dataCid);
  const previousRewards = batchIndex === 1 ? [] : await previousRewardsOf(stage, batchIndex - 1);
  const signer = await chain.readContract({ ...contracts.operators, functionName: 'signerOf', args: [operator] });
  const storedHeaderHash = await chain.readContract({
    ...contracts.settlement,
    functionName: 'headerHash',
    args: [operator, batchIndex],
  });
  const { ok, checks } = await verifyBatch(file, header, {
    chainId: stage.deployment.chainId,
    settlement: contracts.settlement.address,
    signer,
    storedHeaderHash,
    previousRewards,
  });
  const wrong = checks.filter(({ status }) => status !== 'passed').map(({ sentence }) => sentence);
  mustHold(
    ok && wrong.length === 0 && storedHeaderHash === headerHash(header),
    `batch ${batchIndex} is final; its file on IPFS passes ${checks.length} checks against the chain ${wrong.join(' ')}`.trim(),
  );
  mustHold(
    net + burned + toTreasury === header.body.receipts.amount,
    `${open(header.body.receipts.amount)} collected = ${open(net)} to accounts + ${open(toTreasury)} to the treasury + ${open(burned)} burned, to the wei`,
  );
  return { batchIndex, header, file, burned, toTreasury };
}

const pagedFile = z.looseObject({ pages: z.array(z.string()).optional(), receipts: z.array(z.unknown()).optional() });
const page = z.object({ receipts: z.array(z.unknown()) });

/** A batch file with its pages put together. */
async function readBatchFile(stage: Stage, cid: string): Promise<BatchFile> {
  const head = pagedFile.parse(await readJson(stage, cid));
  const pages = await Promise.all((head.pages ?? []).map(async (each) => page.parse(await readJson(stage, each))));
  return batchFileSchema.parse({ ...head, receipts: [...(head.receipts ?? []), ...pages.flatMap(({ receipts }) => receipts)] });
}

async function previousRewardsOf(stage: Stage, batchIndex: number): Promise<Allocation[]> {
  const previous = (await stage.gateway.batches(stage.operator)).find((batch) => batch.batchIndex === batchIndex);
  if (!previous?.dataCid) throw new Error(`The service no longer knows the file of batch ${batchIndex}.`);
  return (await readBatchFile(stage, previous.dataCid)).rewards;
}

async function poolOf({ chain, contracts }: Stage, { datanetId }: DatanetResult): Promise<Address> {
  return (await chain.readContract({ ...contracts.datanets, functionName: 'datanet', args: [datanetId] })).pool;
}

/** Each claims what the live rewards tree owes; the payment must be what the batches allocated and was not claimed yet. */
async function claimRewards(stage: Stage, batches: readonly SettledBatch[], pool: Address): Promise<Payment[]> {
  const { chain, contracts, gateway, operator, transact } = stage;
  const accounts: { name: DevName | 'pool'; account: Address }[] = [
    ...claimants.map((name) => ({ name, account: addressOf(name) })),
    { name: 'pool', account: pool },
  ];
  const live = batches.at(-1)?.file.rewards ?? [];
  const payments: Payment[] = [];
  for (const { name, account } of accounts) {
    const owed = live.find((reward) => isAddressEqual(reward.account, account));
    if (!owed || owed.amount === 0n) continue;
    const [before] = await chain.readContract({ ...contracts.rewards, functionName: 'claimed', args: [operator, account] });
    const claim = await waitFor(`the claim of ${name}`, 60, async () => {
      const { claim: found } = await gateway.rewards(account);
      return found && found.amount >= owed.amount ? found : undefined;
    });
    const balance = (): Promise<bigint> => chain.readContract({ ...contracts.token, functionName: 'balanceOf', args: [account] });
    const held = await balance();
    // Anyone may send a claim; the money goes to the account. The pool has nobody of its own to send it.
    const receipt = await transact(name === 'pool' ? 'provider' : name, contracts.rewards, 'claim', [claim]);
    const paid =
      parseEventLogs({ abi: contracts.rewards.abi, eventName: 'RewardClaimed', logs: receipt.logs })[0]?.args.amount ?? 0n;
    mustHold(paid === claim.amount - before && (await balance()) - held === paid, `${name} claims ${open(paid)}`);
    payments.push({ account, amount: paid });
  }
  return payments;
}

/** What no record explained went to the pool of the datanet, which pays its contributors by accepted records. */
async function claimFromPool(stage: Stage, datanet: DatanetResult): Promise<Payment[]> {
  const { chain, contracts, transact } = stage;
  const pool = contracts.pool(await poolOf(stage, datanet));
  const payments: Payment[] = [];
  for (const name of ['alice', 'bob', 'carol'] as const) {
    const amount = await chain.readContract({ ...pool, functionName: 'claimable', args: [addressOf(name)] });
    if (amount === 0n) continue;
    await transact(name, pool, 'claim', [addressOf(name)]);
    say(`  ${name} claims ${open(amount)} from the datanet's pool`);
    payments.push({ account: addressOf(name), amount });
  }
  return payments;
}
