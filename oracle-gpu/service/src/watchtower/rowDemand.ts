import {
  type Case,
  falseRowAnswer,
  type Omitted,
  readDataAnswer,
  rowRequest,
  rowRequestId,
  type SettledEvent,
  withheldData,
} from '@openledger/sdk';
import { formatEther, type Hex } from 'viem';
import { askOnChain, NoBond } from '../chain/ask.ts';
import { askedStatus, openAskedData } from '../chain/askedData.ts';
import type { Demand, DemandOptions } from './demand.ts';

/**
 * Asks on chain what a row of several chunks scored that evidence leaves out: an operator that answers truthfully states
 * its omission, one that lies is refuted with query and row, one that is silent withholds. Where it answers, the bond is
 * its, and who asked has the reward alone. What was asked is read from the chain each time, so that it is asked once.
 */
export function openRowDemands({ client, contracts, rpcUrl, account, say }: Omit<DemandOptions, 'startBlock'>) {
  const requests = openAskedData({ client, contracts });
  const poor = new Set<Hex>();

  return async function demandRow(event: SettledEvent, { batch, accused }: Case, omitted: Omitted): Promise<Demand> {
    const { operator, batchIndex, finalAt } = event.args;
    const about = `Batch ${batchIndex} of ${operator}`;
    const { asked, args } = rowRequest(batch.header, omitted.opened, omitted.leaf.position, 0);
    const requestId = rowRequestId(asked);
    const [{ status, deadline }, { timestamp }] = await Promise.all([requests.stateOf(requestId), client.getBlock()]);
    if (status === askedStatus.open)
      return timestamp > deadline ? { step: 'prove', proof: withheldData(accused, requestId) } : { step: 'wait' };
    if (status === askedStatus.answered) {
      const found = await requests.answerTo(requestId, event.blockNumber);
      const answer = found && readDataAnswer(found.data);
      if (answer?.of !== 'row') return { step: 'wait' }; // a node that lags behind
      const proof = falseRowAnswer(accused, answer, { query: omitted.query, row: omitted.components });
      return proof ? { step: 'prove', proof } : { step: 'nothing' };
    }
    if (status !== askedStatus.none || timestamp >= finalAt) return { step: 'nothing' };
    const left = `${about}: receipt ${omitted.item.receipt.sequence} of channel ${omitted.item.receipt.channel} leaves out record ${omitted.leaf.recordId}, which scores ${omitted.score}`;
    try {
      const sent = await askOnChain({ client, contracts, rpcUrl, account }, { functionName: 'requestRow', args });
      if (sent)
        say(
          `${left}; what its row scored is asked for on chain in ${sent.transactionHash}, for a bond of ${formatEther(sent.bond)} OPEN.`,
        );
    } catch (error) {
      if (!(error instanceof NoBond)) throw error;
      if (!poor.has(requestId)) say(`${left}, and ${error.message}`);
      poor.add(requestId);
    }
    return { step: 'wait' };
  };
}
