import { type Check, type ReceiptBundle, readIndexRows, readReceiptFacts, verifyReceipt } from '@openledger/sdk';
import type { Hex } from 'viem';
import type { World } from './world.ts';

/** Checks of a payer's receipt against chain and published files that did not pass: none of an honest one. */
export async function notPassed(world: World, bundle: ReceiptBundle): Promise<Check[]> {
  const { client, deployment, ipfsUrl, contracts } = world;
  const readFile = async (cid: string): Promise<Uint8Array> => (await fetch(`${ipfsUrl}/ipfs/${cid}`)).bytes();
  const hash = bundle.composition[0]?.releaseHash as Hex;
  const { checks } = await verifyReceipt(bundle, {
    chainId: deployment.chainId,
    settlement: contracts.settlement.address,
    facts: await readReceiptFacts(client, deployment, bundle),
    rows: await readIndexRows(client, deployment, hash, readFile),
  });
  return checks.filter(({ status }) => status !== 'passed');
}
