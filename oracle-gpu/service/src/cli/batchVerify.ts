import { type SettledEvent, settledEvents } from '@openledger/sdk';
import { type Address, isAddress } from 'viem';
import { FileMissing } from '../ipfs/readVerified.ts';
import { openExaminer, type Report, verdict, withheld } from '../watchtower/examine.ts';
import { checksTable, reportLine } from './print.ts';
import { openChainOf, openIpfsOf } from './sources.ts';

type Options = { rpc?: string | undefined; deployment?: string | undefined; ipfs?: string | undefined };

/** Fetches a settled batch from chain and IPFS and recomputes it. Returns whether no fault was found. */
export async function batchVerify(
  operator: string,
  index: string,
  options: Options,
  print: (text: string) => void,
): Promise<boolean> {
  if (!isAddress(operator, { strict: false }))
    throw new Error(`"${operator}" is no address: name the operator whose batch it is.`);
  if (!/^[1-9]\d{0,8}$/.test(index)) throw new Error(`"${index}" is no number of a batch: batches count from 1.`);
  const batchIndex = Number(index);
  const source = { ...(await openChainOf(options)), ipfs: openIpfsOf(options) };
  const events = await settledEvents(
    source,
    { fromBlock: BigInt(source.deployment.startBlock) },
    { operator: operator as Address, batchIndex },
  );
  const event = events.at(-1); // a number is used again after a void
  if (!event) throw new Error(`Operator ${operator} has settled no batch ${batchIndex} on this chain.`);
  const report = await examineNow(openExaminer(source), event);
  print(checksTable(report.checks));
  print(`\n${reportLine(report)}`);
  return report.faults.length === 0;
}

/** One look: what the IPFS node does not have now is withheld as far as this look can tell. */
async function examineNow(examine: ReturnType<typeof openExaminer>, event: SettledEvent): Promise<Report> {
  try {
    return await examine(event);
  } catch (error) {
    if (!(error instanceof FileMissing)) throw error;
    const { operator, batchIndex, receipts } = event.args;
    return { operator, batchIndex, receipts, ...verdict([withheld(error.message)]), seconds: 0 };
  }
}
