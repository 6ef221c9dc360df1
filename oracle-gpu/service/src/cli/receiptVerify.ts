import {
  type Check,
  contractAddress,
  type IndexRows,
  type ReceiptBundle,
  readReceiptFacts,
  sameAddress,
  verifyReceipt,
} from '@openledger/sdk';
import { zeroAddress } from 'viem';
import { IpfsUnreachable } from '../ipfs/readVerified.ts';
import { openIndexRowsReader } from '../watchtower/indexRows.ts';
import { ownersOf } from '../watchtower/releaseFacts.ts';
import { checksTable, countChecks } from './print.ts';
import { readBundles } from './readBundle.ts';
import { deploymentOf, openChainOf, openIpfsOf } from './sources.ts';

type Options = { rpc?: string | undefined; deployment?: string | undefined; ipfs?: string | undefined };

/** Checks a receipt bundle in a file, against the chain too where one is named. Returns whether nothing failed. */
export async function receiptVerify(path: string, options: Options, print: (text: string) => void): Promise<boolean> {
  const { bundle, children } = readBundles(path);
  const checksOf = (one: ReceiptBundle): Promise<Check[]> =>
    options.rpc ? againstChain(one, options, children) : offline(one, options, children);
  const verification = await checksOf(bundle);
  if (children) verification.push(await checkInside(children, checksOf));
  print(checksTable(verification));
  const failed = verification.filter(({ status }) => status === 'failed');
  const skipped = verification.filter(({ status }) => status === 'skipped');
  if (failed.length > 0) print(`\nThis receipt is wrong: ${countChecks(verification)} (${namesOf(failed)}).`);
  else if (skipped.length > 0) print(`\nNothing is wrong so far: ${countChecks(verification)} (${namesOf(skipped)}).`);
  else print(`\nThis receipt is right: ${countChecks(verification)}.`);
  return failed.length === 0;
}

const namesOf = (checks: readonly Check[]): string => checks.map(({ name }) => name).join(', ');

type Children = readonly ReceiptBundle[] | undefined;

/** The receipts of an agent's steps, each by itself. */
async function checkInside(
  children: readonly ReceiptBundle[],
  checksOf: (one: ReceiptBundle) => Promise<Check[]>,
): Promise<Check> {
  const wrong: string[] = [];
  for (const child of children) {
    const failed = (await checksOf(child)).filter(({ status }) => status === 'failed');
    if (failed.length > 0) wrong.push(`${child.receiptHash} (${namesOf(failed)})`);
  }
  return {
    name: 'inside',
    status: wrong.length === 0 ? 'passed' : 'failed',
    sentence:
      wrong.length === 0
        ? `Nothing is wrong with the ${children.length} receipts inside.`
        : `Of ${children.length} receipts inside these are wrong: ${wrong.join(', ')}.`,
  };
}

async function offline(bundle: ReceiptBundle, options: Options, children: Children): Promise<Check[]> {
  const inside = children ? { children } : {};
  if (!options.deployment && !process.env.OPENLEDGER_DEPLOYMENT) return (await verifyReceipt(bundle, inside)).checks;
  const deployment = deploymentOf(options);
  const context = { chainId: deployment.chainId, settlement: contractAddress(deployment, 'Settlement'), ...inside };
  return (await verifyReceipt(bundle, context)).checks;
}

/** The rows that the scores are recomputed from, or why there are none; not looked for without a query. */
async function rowsFor(
  { query, composition }: ReceiptBundle,
  source: Parameters<typeof openIndexRowsReader>[0],
): Promise<IndexRows | string> {
  const [first] = composition;
  if (!query || !first) return 'Without the query no row is looked at.';
  try {
    return await openIndexRowsReader(source)(first.releaseHash);
  } catch (error) {
    if (error instanceof IpfsUnreachable)
      return 'The rows of the release’s index were not read: no IPFS node answers, name one with --ipfs.';
    throw error;
  }
}

async function againstChain(bundle: ReceiptBundle, options: Options, children: Children): Promise<Check[]> {
  const { client, contracts, deployment } = await openChainOf(options);
  const known = await Promise.all(
    bundle.composition.map(({ releaseHash }) =>
      client.readContract({ ...contracts.models, functionName: 'modelOf', args: [releaseHash] }),
    ),
  );
  const context = {
    chainId: deployment.chainId,
    settlement: contracts.settlement.address,
    ...(children ? { children } : {}),
  };
  if (known.includes(0)) {
    const release: Check = {
      name: 'registered',
      status: 'failed',
      sentence: 'No model on this chain has a release of this receipt.',
    };
    return [...(await verifyReceipt(bundle, context)).checks, release];
  }
  const facts = await readReceiptFacts(client, deployment, bundle);
  const rows = await rowsFor(bundle, { client, deployment, ipfs: openIpfsOf(options) });
  const { checks } = await verifyReceipt(bundle, { ...context, facts, rows });
  const developers = bundle.components?.map(({ developer }) => developer) ?? [bundle.developer];
  const startBlock = BigInt(deployment.startBlock);
  for (const [index, modelId] of known.entries()) {
    const developer = developers[index] ?? zeroAddress;
    const owners = await ownersOf({ client, contracts, startBlock }, modelId);
    const isOwner = owners.some(({ account }) => sameAddress(account, developer));
    checks.push({
      name: 'developer',
      status: isOwner ? 'passed' : 'failed',
      sentence: isOwner ? `${developer} owns, or has owned, model ${modelId}.` : `${developer} never owned model ${modelId}.`,
    });
  }
  return checks;
}
