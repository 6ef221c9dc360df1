import { Address, BigInt, ethereum } from '@graphprotocol/graph-ts';
import {
  CheckpointCommitted,
  JobAccepted,
  JobAttested,
  JobOpened,
  JobQuoted,
  JobRefunded,
} from '../generated/TrainingJobs/TrainingJobs';
import { Checkpoint, Model, Quote, TrainingJob } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { requestFile } from './entities/files';
import { checkpointId, memberId, numberId } from './entities/ids';
import { loadOperator } from './entities/operator';
import { clamp, loadProtocol, ZERO } from './entities/protocol';

function recordActivity(event: ethereum.Event, kind: string, actor: Address, job: TrainingJob, amount: BigInt): void {
  const entry = activity(event, kind, actor);
  entry.job = job.id;
  entry.model = job.model;
  entry.amount = amount;
  entry.save();
}

/** Counts what a job paid to its operator. */
function countPaid(address: Address, amount: BigInt, event: ethereum.Event): void {
  const account = touch(address, event);
  account.trainingPaid = account.trainingPaid.plus(amount);
  account.earned = account.earned.plus(amount);
  account.save();
  const operator = loadOperator(address, event);
  operator.trainingPaid = operator.trainingPaid.plus(amount);
  operator.save();
  const totals = loadProtocol();
  totals.trainingPaid = totals.trainingPaid.plus(amount);
  totals.save();
}

export function handleJobOpened(event: JobOpened): void {
  const job = new TrainingJob(numberId(event.params.jobId));
  job.number = event.params.jobId.toI32();
  job.model = numberId(event.params.modelId);
  job.requester = touch(event.params.requester, event).id;
  job.status = 'OPEN';
  job.baseModel = event.params.baseModel;
  job.datanetsHash = event.params.datanetsHash;
  job.specCid = event.params.specCid;
  job.spec = requestFile('TrainingSpec', event.params.specCid);
  job.escrow = event.params.escrow;
  job.openUntil = event.params.openUntil;
  job.price = ZERO;
  job.checkpointCount = 0;
  job.paid = ZERO;
  job.refunded = ZERO;
  job.openedAt = event.block.timestamp;
  job.transactionHash = event.transaction.hash;
  job.save();

  const model = Model.load(job.model)!;
  model.jobCount += 1;
  model.save();
  recordActivity(event, 'JOB_OPENED', event.params.requester, job, event.params.escrow);

  const totals = loadProtocol();
  totals.jobCount += 1;
  totals.save();
}

export function handleJobQuoted(event: JobQuoted): void {
  const quote = new Quote(memberId(event.params.jobId, event.params.operator));
  quote.job = numberId(event.params.jobId);
  quote.operator = event.params.operator;
  quote.price = event.params.price;
  quote.duration = clamp(event.params.duration);
  quote.checkpoints = event.params.checkpoints;
  quote.accepted = false;
  quote.quotedAt = event.block.timestamp;
  quote.transactionHash = event.transaction.hash;
  quote.save();
  recordActivity(event, 'JOB_QUOTED', event.params.operator, TrainingJob.load(quote.job)!, event.params.price);
}

export function handleJobAccepted(event: JobAccepted): void {
  const quote = Quote.load(memberId(event.params.jobId, event.params.operator))!;
  quote.accepted = true;
  quote.save();

  const job = TrainingJob.load(numberId(event.params.jobId))!;
  job.status = 'ACCEPTED';
  job.operator = event.params.operator;
  job.quote = quote.id;
  job.price = event.params.price;
  job.deliverBy = event.params.deliverBy;
  job.acceptedAt = event.block.timestamp;
  job.save();
  recordActivity(event, 'JOB_ACCEPTED', event.params.requester, job, event.params.price);
}

export function handleCheckpointCommitted(event: CheckpointCommitted): void {
  const checkpoint = new Checkpoint(checkpointId(event.params.jobId, event.params.number));
  checkpoint.job = numberId(event.params.jobId);
  checkpoint.number = event.params.number;
  checkpoint.step = clamp(event.params.step);
  checkpoint.digest = event.params.digest;
  checkpoint.released = event.params.released;
  checkpoint.timestamp = event.block.timestamp;
  checkpoint.transactionHash = event.transaction.hash;
  checkpoint.save();

  const job = TrainingJob.load(checkpoint.job)!;
  job.checkpointCount += 1;
  job.paid = job.paid.plus(event.params.released);
  job.save();
  countPaid(event.params.operator, event.params.released, event);
}

export function handleJobAttested(event: JobAttested): void {
  const job = TrainingJob.load(numberId(event.params.jobId))!;
  job.status = 'ATTESTED';
  job.release = event.params.releaseHash;
  job.trainingLogRoot = event.params.trainingLogRoot;
  job.paid = job.paid.plus(event.params.paid);
  job.evaluationCid = event.params.evaluationCid;
  job.evaluation = requestFile('Evaluation', event.params.evaluationCid);
  job.manifestCid = event.params.manifestCid;
  job.attestedAt = event.block.timestamp;
  job.save();

  countPaid(event.params.operator, event.params.paid, event);
  const operator = loadOperator(event.params.operator, event);
  operator.jobAttestedCount += 1;
  operator.save();
  recordActivity(event, 'JOB_ATTESTED', event.params.operator, job, event.params.paid);

  const totals = loadProtocol();
  totals.jobAttestedCount += 1;
  totals.save();
}

export function handleJobRefunded(event: JobRefunded): void {
  const job = TrainingJob.load(numberId(event.params.jobId))!;
  job.status = 'REFUNDED';
  job.refunded = event.params.refunded;
  job.refundedAt = event.block.timestamp;
  job.save();
  recordActivity(event, 'JOB_REFUNDED', event.params.actor, job, event.params.refunded);

  const totals = loadProtocol();
  totals.jobRefundedCount += 1;
  totals.save();
}
