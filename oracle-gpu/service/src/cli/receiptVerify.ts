import { readFileSync } from 'node:fs';
import {
  type Check,
  contractAddress,
  type ReceiptBundle,
  readReceiptFacts,
  receiptBundleSchema,
  sameAddress,
  verifyReceipt,
} from '@openledger/sdk';
import { z } from 'zod';
import { ownersOf } from '../watchtower/releaseFacts.ts';
import { checksTable, countChecks } from './print.ts';
import { deploymentOf, openChainOf } from './sources.ts';

type Options = { rpc?: string | undefined; deployment?: string | undefined };

/** An answer of the gateway carries its receipt bundle under this name. */
const answerSchema = z.looseObject({ receipt: z.looseObject({ receipt: z.unknown() }) });

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

function readBundle(path: string): ReceiptBundle {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch {
    throw new Error(`There is no file ${path} to read: name one that holds a receipt as the gateway returned it.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${path} is no JSON: save the receipt as the gateway returned it.`);
  }
  const answer = answerSchema.safeParse(value);
  const parsed = receiptBundleSchema.safeParse(answer.success ? answer.data.receipt : value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') || 'its top';
  throw new Error(`${path} is no receipt bundle: ${at}: ${issue?.message}. Save the receipt as the gateway returned it.`);
}
