import { Address } from '@graphprotocol/graph-ts';
import { BudgetSet, Spent, StreamEnded, StreamOpened, StreamWithdrawn } from '../generated/Treasury/Treasury';
import { TreasurySpend, TreasuryStream } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { eventId, numberId } from './entities/ids';
import { loadProtocol, ZERO } from './entities/protocol';
import { loadCategory } from './entities/treasury';

export function handleSpent(event: Spent): void {
  const category = loadCategory(event.params.category);
  category.spent = category.spent.plus(event.params.amount);
  category.save();

  const spend = new TreasurySpend(eventId(event));
  spend.to = touch(event.params.to, event).id;
  spend.category = category.id;
  spend.amount = event.params.amount;
  spend.purpose = event.params.purpose;
  spend.timestamp = event.block.timestamp;
  spend.transactionHash = event.transaction.hash;
  spend.save();

  const entry = activity(event, 'TREASURY_SPENT', event.params.to);
  entry.amount = event.params.amount;
  entry.save();

  const totals = loadProtocol();
  totals.treasurySpent = totals.treasurySpent.plus(event.params.amount);
  totals.save();
}

export function handleStreamOpened(event: StreamOpened): void {
  const total = event.params.total;
  const category = loadCategory(event.params.category);
  category.promised = category.promised.plus(total);
  category.save();

  const stream = new TreasuryStream(numberId(event.params.id));
  stream.number = event.params.id.toI32();
  stream.recipient = touch(event.params.recipient, event).id;
  stream.category = category.id;
  stream.purpose = event.params.purpose;
  stream.opened = total;
  stream.total = total;
  stream.withdrawn = ZERO;
  stream.start = event.params.start;
  stream.duration = event.params.duration;
  stream.timestamp = event.block.timestamp;
  stream.transactionHash = event.transaction.hash;
  stream.save();

  const entry = activity(event, 'STREAM_OPENED', event.params.recipient);
  entry.amount = total;
  entry.save();

  const totals = loadProtocol();
  totals.treasuryPromised = totals.treasuryPromised.plus(total);
  totals.treasuryStreamCount += 1;
  totals.save();
}

/** The recipient has part of it. Paid by whoever asked, so the recipient is who the feed names. */
export function handleStreamWithdrawn(event: StreamWithdrawn): void {
  const amount = event.params.amount;
  const stream = TreasuryStream.load(numberId(event.params.id))!;
  stream.withdrawn = stream.withdrawn.plus(amount);
  stream.save();

  const category = loadCategory(stream.category);
  category.streamed = category.streamed.plus(amount);
  category.promised = category.promised.minus(amount);
  category.save();

  const entry = activity(event, 'STREAM_WITHDRAWN', Address.fromBytes(stream.recipient));
  entry.amount = amount;
  entry.save();

  const totals = loadProtocol();
  totals.treasuryStreamed = totals.treasuryStreamed.plus(amount);
  totals.treasuryPromised = totals.treasuryPromised.minus(amount);
  totals.save();
}

export function handleStreamEnded(event: StreamEnded): void {
  const returned = event.params.returned;
  const stream = TreasuryStream.load(numberId(event.params.id))!;
  stream.total = event.params.vested;
  stream.endedAt = event.block.timestamp;
  stream.save();

  const category = loadCategory(stream.category);
  category.promised = category.promised.minus(returned);
  category.save();

  const entry = activity(event, 'STREAM_ENDED', Address.fromBytes(stream.recipient));
  entry.amount = returned;
  entry.save();

  const totals = loadProtocol();
  totals.treasuryPromised = totals.treasuryPromised.minus(returned);
  totals.save();
}

export function handleBudgetSet(event: BudgetSet): void {
  const category = loadCategory(event.params.category);
  const limited = event.params.period.gt(ZERO);
  category.cap = limited ? event.params.cap : null;
  category.period = limited ? event.params.period : null;
  category.save();
}
