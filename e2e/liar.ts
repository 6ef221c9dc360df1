// An operator that settles what is not so. It is one of its own, without a service, so that the demonstration's operators keep
// their good name; what it falsifies are real receipts of theirs.
import {
  channelId,
  createGateway,
  createSession,
  type Deployment,
  nextRefund,
  type Receipt,
  type ReceiptBundle,
} from '@openledger/sdk';
import { type DevName, devAccount, devPrivateKey } from '@openledger/sdk/dev';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { type Actor, openActors } from '../oracle-gpu/service/test/support/actors.ts';
import { settleBatch } from '../oracle-gpu/service/test/support/falseBatch.ts';
import { urls } from '../script/dev/config.ts';

const deposit = 10n ** 18n;

/** One of the development accounts, as who sends transactions. */
export function actor(name: DevName): Actor {
  return { key: devPrivateKey(name), account: privateKeyToAccount(devPrivateKey(name)), address: devAccount(name).address };
}

/** A receipt of the demonstration, as anybody can read it. */
async function realReceipt(): Promise<ReceiptBundle> {
  const gateway = createGateway(urls.gateway);
  const listed = (await (await fetch(`${urls.gateway}/v1/receipts?model=1`)).json()) as ReceiptBundle[];
  const [first] = listed;
  if (!first) throw new Error('The demonstration has left no receipt.');
  return gateway.receipt(first.receiptHash);
}

/** A liar of its own for each run, for batches that no proof undoes: the next one would have to be built on them. */
export async function openNewLiar(deployment: Deployment) {
  const { client, contracts, transact, newActor } = openActors(urls.chain, deployment);
  const liar = await newActor();
  const stake = (await client.readContract({ ...contracts.operators, functionName: 'minimumStake' })) * 2n;
  await transact(actor('mallory'), contracts.token, 'transfer', [liar.address, stake]);
  return openLiar(deployment, liar);
}

export function openLiar(deployment: Deployment, liar = actor('mallory')) {
  const actors = openActors(urls.chain, deployment);
  const { client, contracts, transact } = actors;
  const payer = actor('newcomer');

  /** What the payer has with the liar, in wei. */
  async function balance(): Promise<bigint> {
    const args = [payer.address, liar.address] as const;
    return (await client.readContract({ ...contracts.escrow, functionName: 'account', args })).balance;
  }

  async function register(): Promise<void> {
    const args = [liar.address] as const;
    const { signer } = await client.readContract({ ...contracts.operators, functionName: 'operator', args });
    if (!/^0x0+$/.test(signer)) return;
    const stake = (await client.readContract({ ...contracts.operators, functionName: 'minimumStake' })) * 2n;
    await transact(liar, contracts.token, 'approve', [contracts.operators.address, stake]);
    await transact(liar, contracts.operators, 'register', [liar.address, 'http://nowhere.example', '', stake]);
  }

  /** What an earlier run left: the chain takes no batch before its refunds. */
  async function finishRefunds(): Promise<void> {
    for (;;) {
      const due = await nextRefund({ client, contracts }, liar.address, BigInt(deployment.startBlock));
      if (!due) return;
      await transact(payer, contracts.settlement, 'refund', due.args);
    }
  }

  /**
   * Settles a real receipt, changed, on a new channel of the payer.
   * @returns the channel, the first block that can hold the batch, what the payer had before and what it paid, in wei
   */
  async function settle(lie: (honest: Receipt) => Partial<Receipt>) {
    await register();
    await finishRefunds();
    const expiry = (await actors.now()) + 86_400;
    const terms = { payer: payer.address, operator: liar.address, ceiling: deposit, deposit, expiry };
    const session = await createSession({ deployment, ...terms });
    await transact(payer, contracts.faucet, 'drip', [payer.address]).catch(() => undefined); // it may have had its share
    await transact(payer, contracts.token, 'approve', [contracts.escrow.address, deposit]);
    await transact(payer, contracts.escrow, 'deposit', [payer.address, liar.address, deposit]);
    await transact(payer, contracts.escrow, 'authorizeSession', [liar.address, session.voucher.signer, deposit, expiry]);
    const channel: Hex = channelId(session.voucher);

    const real = await realReceipt();
    const receipt = { ...real.receipt, channel, sequence: 1 };
    const bundle = {
      ...real,
      receipt,
      channel: { payer: payer.address, operator: liar.address, signer: session.voucher.signer },
    };
    const from = (await client.getBlockNumber()) + 1n;
    const before = await balance();
    const world = { ...actors, ipfsUrl: urls.ipfs, operator: liar };
    await settleBatch(world, session, [bundle], undefined, { receipt: () => lie(real.receipt) });
    return { channel, from, before, paid: before - (await balance()), fee: real.receipt.fee };
  }

  return { ...actors, liar, payer, balance, settle };
}
