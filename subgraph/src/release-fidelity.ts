import {
  CalibrationRefunded,
  CalibrationRequested,
  FidelityAttested,
} from '../generated/ReleaseFidelity/ReleaseFidelity';
import { CalibrationRequest, Fidelity } from '../generated/schema';
import { touch } from './entities/account';
import { loadOperator } from './entities/operator';
import { loadProtocol, ZERO } from './entities/protocol';

export function handleCalibrationRequested(event: CalibrationRequested): void {
  const request = new CalibrationRequest(event.params.releaseHash);
  request.release = event.params.releaseHash;
  request.status = 'OPEN';
  request.requester = touch(event.params.requester, event).id;
  request.operator = event.params.operator;
  request.price = event.params.price;
  request.runs = event.params.runs;
  request.deliverBy = event.params.deliverBy;
  request.requestedAt = event.block.timestamp;
  request.transactionHash = event.transaction.hash;
  request.save();
}

export function handleCalibrationRefunded(event: CalibrationRefunded): void {
  const request = CalibrationRequest.load(event.params.releaseHash)!;
  request.status = 'REFUNDED';
  request.save();
}

export function handleFidelityAttested(event: FidelityAttested): void {
  let fidelity = Fidelity.load(event.params.releaseHash);
  if (!fidelity) {
    fidelity = new Fidelity(event.params.releaseHash);
    fidelity.release = event.params.releaseHash;
    fidelity.measuredCount = 0;
    fidelity.paid = ZERO;
  }
  fidelity.operator = event.params.operator;
  fidelity.ldsBps = event.params.ldsBps;
  fidelity.lowBps = event.params.lowBps;
  fidelity.highBps = event.params.highBps;
  fidelity.runs = event.params.runs;
  fidelity.dataHash = event.params.dataHash;
  fidelity.dataCid = event.params.dataCid;
  fidelity.measuredCount += 1;
  fidelity.paid = fidelity.paid.plus(event.params.paid);
  fidelity.measuredAt = event.block.timestamp;
  fidelity.transactionHash = event.transaction.hash;
  fidelity.save();
  if (event.params.paid.equals(ZERO)) return; // nobody asked, or not for so few runs, or too late

  const request = CalibrationRequest.load(event.params.releaseHash)!;
  request.status = 'FULFILLED';
  request.save();
  const account = touch(event.params.operator, event);
  account.trainingPaid = account.trainingPaid.plus(event.params.paid);
  account.earned = account.earned.plus(event.params.paid);
  account.save();
  const operator = loadOperator(event.params.operator, event);
  operator.trainingPaid = operator.trainingPaid.plus(event.params.paid);
  operator.save();
  const totals = loadProtocol();
  totals.trainingPaid = totals.trainingPaid.plus(event.params.paid);
  totals.save();
}
