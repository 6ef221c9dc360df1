import { type Check, contractAddress, type ReceiptBundle, readReceiptFacts, sameAddress, verifyReceipt } from '@openledger/sdk';
import { ownersOf } from '../watchtower/releaseFacts.ts';
import { checksTable, countChecks } from './print.ts';
import { readBundle } from './readBundle.ts';
import { deploymentOf, openChainOf } from './sources.ts';

type Options = { rpc?: string | undefined; deployment?: string | undefined };

/** Checks a receipt bundle in a file, against the chain too where one is named. Returns whether nothing failed. */
export async function receiptVerify(path: string, options: Options, print: (text: string) => void): Promise<boolean> {
  const bundle = readBundle(path);
  const verification = options.rpc ? await againstChain(bundle, options) : await offline(bundle, options);
  print(checksTable(verification));
  const failed = verification.filter(({ status }) => status === 'failed');
  const skipped = verification.filter(({ status }) => status === 'skipped');
  if (failed.length > 0) print(`\nThis receipt is wrong: ${countChecks(verification)} (${namesOf(failed)}).`);
  else if (skipped.length > 0) print(`\nNothing is wrong so far: ${countChecks(verification)} (${namesOf(skipped)}).`);
  else print(`\nThis receipt is right: ${countChecks(verification)}.`);
  return failed.length === 0;
}

const namesOf = (checks: readonly Check[]): string => checks.map(({ name }) => name).join(', ');

async function offline(bundle: ReceiptBundle, options: Options): Promise<Check[]> {
  if (!options.deployment && !process.env.OPENLEDGER_DEPLOYMENT) return (await verifyReceipt(bundle, {})).checks;
  const deployment = deploymentOf(options);
  const context = { chainId: deployment.chainId, settlement: contractAddress(deployment, 'Settlement') };
  return (await verifyReceipt(bundle, context)).checks;
}

async function againstChain(bundle: ReceiptBundle, options: Options): Promise<Check[]> {
  const { client, contracts, deployment } = await openChainOf(options);
  const known = await client.readContract({
    ...contracts.models,
    functionName: 'modelOf',
    args: [bundle.composition[0]?.releaseHash ?? '0x'],
  });
  const context = { chainId: deployment.chainId, settlement: contracts.settlement.address };
  if (known === 0) {
    const release: Check = {
      name: 'registered',
      status: 'failed',
      sentence: 'No model on this chain has the release of this receipt.',
    };
    return [...(await verifyReceipt(bundle, context)).checks, release];
  }
  const facts = await readReceiptFacts(client, deployment, bundle);
  const { checks } = await verifyReceipt(bundle, { ...context, facts });
  const owners = await ownersOf({ client, contracts, startBlock: BigInt(deployment.startBlock) }, facts.modelId);
  const isOwner = owners.some(({ account }) => sameAddress(account, bundle.developer));
  const developer: Check = isOwner
    ? { name: 'developer', status: 'passed', sentence: `${bundle.developer} owns, or has owned, model ${facts.modelId}.` }
    : { name: 'developer', status: 'failed', sentence: `${bundle.developer} never owned model ${facts.modelId}.` };
  return [...checks, developer];
}
