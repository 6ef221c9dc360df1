import { Deposited, Refunded, SessionAuthorized, SessionRevoked, ThawStarted, Withdrawn } from '../generated/PaymentEscrow/PaymentEscrow';
import { Channel, Deposit, Refund, RefundPoint, Withdrawal } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { loadChannel, loadEscrow } from './entities/escrow';
import { eventId } from './entities/ids';
import { loadOperator } from './entities/operator';
import { loadProtocol, ZERO } from './entities/protocol';

export function handleDeposited(event: Deposited): void {
  const escrow = loadEscrow(event.params.payer, event.params.operator, event);
  escrow.balance = event.params.balance;
  escrow.deposited = escrow.deposited.plus(event.params.amount);
  escrow.save();

  const deposit = new Deposit(eventId(event));
  deposit.escrow = escrow.id;
  deposit.actor = touch(event.params.actor, event).id;
  deposit.amount = event.params.amount;
  deposit.balance = event.params.balance;
  deposit.timestamp = event.block.timestamp;
  deposit.transactionHash = event.transaction.hash;
  deposit.save();

  const entry = activity(event, 'DEPOSITED', event.params.actor);
  entry.amount = event.params.amount;
  entry.save();

  const totals = loadProtocol();
  totals.deposited = totals.deposited.plus(event.params.amount);
  totals.save();
}

/** What a void batch had collected on a channel comes back, and so do its sequences. */
export function handleRefunded(event: Refunded): void {
  const amount = event.params.amount;
  const escrow = loadEscrow(event.params.payer, event.params.operator, event);
  // A thaw that runs already does not reach what comes back.
  const before = event.params.balance.minus(amount);
  if (escrow.thawing.gt(before)) escrow.thawing = before;
  escrow.balance = event.params.balance;
  escrow.collected = escrow.collected.minus(amount);
  escrow.save();

  const channel = loadChannel(event.params.channel, event.params.payer, event.params.operator, event.params.signer, event);
  channel.collected = channel.collected.minus(amount);
  channel.sequence = event.params.sequence;
  channel.save();

  const payer = touch(event.params.payer, event);
  payer.spent = payer.spent.minus(amount);
  payer.save();

  const refund = new Refund(eventId(event));
  refund.payer = payer.id;
  refund.escrow = escrow.id;
  refund.channel = channel.id;
  refund.amount = amount;
  refund.sequence = event.params.sequence;
  refund.timestamp = event.block.timestamp;
  refund.transactionHash = event.transaction.hash;
  refund.save();

  const operator = loadOperator(event.params.operator, event);
  operator.refunded = operator.refunded.plus(amount);
  operator.save();
  const point = new RefundPoint(0);
  point.amount = amount;
  point.save();
  const entry = activity(event, 'REFUNDED', event.params.payer);
  entry.amount = amount;
  entry.save();
  const totals = loadProtocol();
  totals.refunded = totals.refunded.plus(amount);
  totals.save();
}

export function handleThawStarted(event: ThawStarted): void {
  const escrow = loadEscrow(event.params.payer, event.params.operator, event);
  escrow.thawing = event.params.amount;
  escrow.thawedAt = event.params.thawedAt;
  escrow.save();
}

export function handleWithdrawn(event: Withdrawn): void {
  const escrow = loadEscrow(event.params.payer, event.params.operator, event);
  escrow.balance = event.params.balance;
  escrow.withdrawn = escrow.withdrawn.plus(event.params.amount);
  escrow.thawing = ZERO;
  escrow.thawedAt = null;
  escrow.save();

  const withdrawal = new Withdrawal(eventId(event));
  withdrawal.escrow = escrow.id;
  withdrawal.amount = event.params.amount;
  withdrawal.balance = event.params.balance;
  withdrawal.timestamp = event.block.timestamp;
  withdrawal.transactionHash = event.transaction.hash;
  withdrawal.save();

  const entry = activity(event, 'WITHDRAWN', event.params.payer);
  entry.amount = event.params.amount;
  entry.save();

  const totals = loadProtocol();
  totals.withdrawn = totals.withdrawn.plus(event.params.amount);
  totals.save();
}

export function handleSessionAuthorized(event: SessionAuthorized): void {
  const fresh = Channel.load(event.params.channel) == null;
  const channel = loadChannel(event.params.channel, event.params.payer, event.params.operator, event.params.signer, event);
  channel.session = true;
  channel.cap = event.params.cap;
  channel.expiry = event.params.expiry;
  channel.revoked = false;
  channel.save();

  const entry = activity(event, 'SESSION_AUTHORIZED', event.params.payer);
  entry.amount = event.params.cap;
  entry.save();

  if (!fresh) return;
  const totals = loadProtocol();
  totals.sessionCount += 1;
  totals.save();
}

export function handleSessionRevoked(event: SessionRevoked): void {
  const channel = loadChannel(event.params.channel, event.params.payer, event.params.operator, event.params.signer, event);
  channel.expiry = event.params.expiry;
  channel.revoked = true;
  channel.save();
  activity(event, 'SESSION_REVOKED', event.params.payer).save();
}
