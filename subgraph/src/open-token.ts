import { Address, BigInt, dataSource, ethereum } from '@graphprotocol/graph-ts';
import {
  BridgeBurned,
  BridgeMinted,
  DelegateChanged,
  DelegateVotesChanged,
  Transfer as TransferEvent,
} from '../generated/OpenToken/OpenToken';
import { Account, Transfer } from '../generated/schema';
import { touch } from './entities/account';
import { recordDelegation } from './entities/delegation';
import { eventId } from './entities/ids';
import { loadProtocol } from './entities/protocol';
import { noteIncome } from './entities/treasury';

/** Whether it is a contract of the protocol that pays people who have nothing to do with each other. */
function paysAnybody(from: Address): boolean {
  const payers = dataSource.context().get('payers')!.toBytesArray();
  for (let i = 0; i < payers.length; i++) if (payers[i] == from) return true;
  const account = Account.load(from);
  return account != null && account.poolOf !== null;
}

/** Remembers who first sent OPEN to an account, unless it came from the protocol or was made. */
function noteFunder(from: Address, to: Address, event: ethereum.Event): void {
  if (from == Address.zero() || from == to || paysAnybody(from)) return;
  const account = touch(to, event);
  if (account.firstFunder !== null) return;
  account.firstFunder = from;
  account.save();
}

function addToBalance(address: Address, amount: BigInt, event: ethereum.Event): void {
  const account = touch(address, event);
  account.openBalance = account.openBalance.plus(amount);
  account.save();
}

export function handleTransfer(event: TransferEvent): void {
  const from = event.params.from;
  const to = event.params.to;
  const amount = event.params.value;
  if (from != Address.zero()) addToBalance(from, amount.neg(), event);
  if (to != Address.zero()) {
    addToBalance(to, amount, event);
    noteFunder(from, to, event);
    noteIncome(from, to, amount);
  }

  const totals = loadProtocol();
  if (from == Address.zero()) totals.openSupply = totals.openSupply.plus(amount);
  if (to == Address.zero()) totals.openSupply = totals.openSupply.minus(amount);
  totals.save();

  const transfer = new Transfer(eventId(event));
  transfer.from = from;
  transfer.to = to;
  transfer.amount = amount;
  transfer.timestamp = event.block.timestamp;
  transfer.transactionHash = event.transaction.hash;
  transfer.save();
}

export function handleBridgeMinted(event: BridgeMinted): void {
  const totals = loadProtocol();
  totals.bridgeMinted = totals.bridgeMinted.plus(event.params.amount);
  totals.save();
}

export function handleBridgeBurned(event: BridgeBurned): void {
  const totals = loadProtocol();
  totals.bridgeBurned = totals.bridgeBurned.plus(event.params.amount);
  totals.save();
}

export function handleDelegateChanged(event: DelegateChanged): void {
  const delegator = touch(event.params.delegator, event);
  const to = event.params.toDelegate;
  if (to == Address.zero()) delegator.openDelegate = null;
  else delegator.openDelegate = to;
  delegator.save();
  recordDelegation('OPEN', event.params.delegator, event.params.fromDelegate, to, event);
}

export function handleDelegateVotesChanged(event: DelegateVotesChanged): void {
  const delegate = touch(event.params.delegate, event);
  delegate.openVotes = event.params.newVotes;
  delegate.save();
  const totals = loadProtocol();
  totals.openDelegated = totals.openDelegated.plus(event.params.newVotes).minus(event.params.previousVotes);
  totals.save();
}
