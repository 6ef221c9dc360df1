import { Address } from '@graphprotocol/graph-ts';
import {
  RequestAccepted,
  RequestAnswered,
  RequestDelivered,
  RequestOpened,
  RequestRefunded,
} from '../generated/InferenceRequests/InferenceRequests';
import { InferenceRequest } from '../generated/schema';
import { touch } from './entities/account';
import { numberId } from './entities/ids';
import { loadOperator } from './entities/operator';
import { clamp, ZERO } from './entities/protocol';

export function handleRequestOpened(event: RequestOpened): void {
  const request = new InferenceRequest(numberId(event.params.requestId));
  request.number = event.params.requestId;
  request.requester = touch(event.params.requester, event).id;
  request.release = event.params.releaseHash;
  request.termsVersion = clamp(event.params.termsVersion);
  request.status = 'OPEN';
  if (event.params.operator.notEqual(Address.zero())) {
    request.operator = loadOperator(event.params.operator, event).id;
  }
  request.maxFee = event.params.maxFee;
  request.deadline = event.params.deadline;
  request.callbackGas = event.params.callbackGas;
  request.promptDigest = event.params.promptDigest;
  request.prompt = event.params.prompt;
  request.promptCid = event.params.promptCid;
  request.outputCid = '';
  request.fee = ZERO;
  request.refunded = ZERO;
  request.delivered = false;
  request.openedAt = event.block.timestamp;
  request.transactionHash = event.transaction.hash;
  request.save();
}

export function handleRequestAccepted(event: RequestAccepted): void {
  const request = InferenceRequest.load(numberId(event.params.requestId))!;
  request.status = 'ACCEPTED';
  request.operator = loadOperator(event.params.operator, event).id;
  request.account = event.params.account;
  request.channel = event.params.channel;
  request.acceptedAt = event.block.timestamp;
  request.save();
}

export function handleRequestAnswered(event: RequestAnswered): void {
  const request = InferenceRequest.load(numberId(event.params.requestId))!;
  request.status = 'ANSWERED';
  request.receiptHash = event.params.receiptHash;
  request.fee = event.params.fee;
  request.refunded = event.params.refunded;
  request.salt = event.params.salt;
  request.output = event.params.output;
  request.outputCid = event.params.outputCid;
  request.answeredAt = event.block.timestamp;
  request.save();
}

export function handleRequestDelivered(event: RequestDelivered): void {
  const request = InferenceRequest.load(numberId(event.params.requestId))!;
  request.delivered = event.params.succeeded;
  request.save();
}

export function handleRequestRefunded(event: RequestRefunded): void {
  const request = InferenceRequest.load(numberId(event.params.requestId))!;
  request.status = 'REFUNDED';
  request.refunded = event.params.amount;
  request.refundedAt = event.block.timestamp;
  request.save();
}
