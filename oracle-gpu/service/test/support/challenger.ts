import { type Case, type FraudProof, findProofs, type SignedReceipt, settledEvents } from '@openledger/sdk';
import { createWalletClient, http, type TransactionReceipt } from 'viem';
import { inject } from 'vitest';
import { openClient } from '../../src/chain/client.ts';
import { openIpfs } from '../../src/ipfs/client.ts';
import { caseOf } from '../../src/watchtower/caseOf.ts';
import { openExaminer } from '../../src/watchtower/examine.ts';
import type { Actor } from './actors.ts';
import type { World } from './world.ts';

/** What can be proven against a batch of the operator, read as anybody would read it. */
export async function caseAgainst(world: World, batchIndex: number, signed: readonly SignedReceipt[] = []): Promise<Case> {
  const { contracts, deployment, operator } = world;
  const client = await openClient({ rpcUrl: inject('chainUrl'), deployment, pollMs: 50 });
  const source = { client, contracts, deployment, ipfs: openIpfs(world.ipfsUrl) };
  const headerHash = await client.readContract({
    ...contracts.settlement,
    functionName: 'headerHash',
    args: [operator.address, batchIndex],
  });
  const of = { operator: operator.address, batchIndex, headerHash };
  const [event] = await settledEvents(source, { fromBlock: 0n }, of);
  if (!event) throw new Error('no batch');
  const { read } = await openExaminer(source)(event);
  if (!read) throw new Error('no data');
  return caseOf(source, 0n, read, { signed, stated: new Map() });
}

/** Sends the first proof against a batch. */
export async function condemn(world: World, challenger: Actor, batchIndex: number): Promise<FraudProof> {
  const [proof] = findProofs(await caseAgainst(world, batchIndex));
  if (!proof) throw new Error(`Nothing is wrong with batch ${batchIndex}.`);
  await send(world, challenger, proof);
  return proof;
}

/** Throws when the chain does not take it. */
export async function send(world: World, challenger: Actor, { contract, data }: FraudProof): Promise<TransactionReceipt> {
  const { evidenceProofs, proofs } = world.contracts;
  const to = contract === 'EvidenceProofs' ? evidenceProofs.address : proofs.address;
  const wallet = createWalletClient({
    account: challenger.account,
    chain: world.client.chain,
    transport: http(inject('chainUrl')),
  });
  const hash = await wallet.sendTransaction({ to, data });
  await world.mine();
  const receipt = await world.client.waitForTransactionReceipt({ hash });
  if (receipt.status !== 'success') throw new Error('The proof failed.');
  return receipt;
}
