import { Address, BigInt, Bytes, ethereum } from '@graphprotocol/graph-ts';
import {
  DataAnswered,
  DataRequestDropped,
  DataRequested,
  DataWithheld,
  RowRequested,
} from '../generated/DataRequests/DataRequests';
import { DataRequest } from '../generated/schema';
import { touch } from './entities/account';
import { loadBatch } from './entities/batch';
import { loadOperator } from './entities/operator';
import { clamp } from './entities/protocol';

const ONE = BigInt.fromI32(1);
/** Tree of the attribution index (docs/wire.md). */
const ATTRIBUTION_INDEX = 6;

function newRequest(
  id: Bytes,
  operator: Address,
  batchIndex: BigInt,
  headerHash: Bytes,
  requester: Address,
  event: ethereum.Event,
): DataRequest {
  const request = new DataRequest(id);
  request.operator = loadOperator(operator, event).id;
  const batch = loadBatch(operator, batchIndex);
  if (batch !== null && batch.headerHash.equals(headerHash)) request.batch = batch.id;
  request.requester = touch(requester, event).id;
  request.status = 'OPEN';
  request.requestedAt = event.block.timestamp;
  request.transactionHash = event.transaction.hash;
  return request;
}

function close(id: Bytes, status: string, event: ethereum.Event): DataRequest {
  const request = DataRequest.load(id)!;
  request.status = status;
  request.closedAt = event.block.timestamp;
  return request;
}

export function handleDataRequested(event: DataRequested): void {
  const params = event.params;
  const request = newRequest(
    params.requestId,
    params.operator,
    params.batchIndex,
    params.headerHash,
    params.requester,
    event,
  );
  request.tree = params.tree;
  request.from = params.from;
  request.count = params.count;
  request.bond = params.bond;
  request.deadline = params.deadline;
  request.save();
}

export function handleRowRequested(event: RowRequested): void {
  const params = event.params;
  const request = newRequest(
    params.requestId,
    params.operator,
    params.batchIndex,
    params.headerHash,
    params.requester,
    event,
  );
  request.tree = ATTRIBUTION_INDEX;
  request.from = params.position;
  request.count = ONE;
  request.releaseHash = params.releaseHash;
  request.receiptHash = params.receiptHash;
  request.chunk = clamp(params.chunk);
  request.bond = params.bond;
  request.deadline = params.deadline;
  request.save();
}

/** What was answered can be disproved for a while: the batch becomes final later. */
export function handleDataAnswered(event: DataAnswered): void {
  const request = close(event.params.requestId, 'ANSWERED', event);
  request.answer = event.params.answer;
  request.save();
  const batch = loadBatch(event.params.operator, event.params.batchIndex);
  if (batch === null || batch.headerHash.notEqual(event.params.headerHash)) return;
  if (event.params.heldUntil.gt(batch.finalAt)) {
    batch.finalAt = event.params.heldUntil;
    batch.save();
  }
}

export function handleDataWithheld(event: DataWithheld): void {
  close(event.params.requestId, 'WITHHELD', event).save();
}

export function handleDataRequestDropped(event: DataRequestDropped): void {
  close(event.params.requestId, 'DROPPED', event).save();
}
