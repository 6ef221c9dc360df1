import { Address, Bytes, ethereum } from '@graphprotocol/graph-ts';
import { Channel, EscrowAccount } from '../../generated/schema';
import { touch } from './account';
import { pairId } from './ids';
import { ZERO } from './protocol';

/** What a payer has with an operator; the caller saves it. */
export function loadEscrow(payer: Address, operator: Address, event: ethereum.Event): EscrowAccount {
  const id = pairId(payer, operator);
  const known = EscrowAccount.load(id);
  if (known != null) {
    known.updatedAt = event.block.timestamp;
    return known;
  }
  const escrow = new EscrowAccount(id);
  escrow.payer = touch(payer, event).id;
  escrow.operatorAccount = touch(operator, event).id;
  escrow.operator = operator;
  escrow.balance = ZERO;
  escrow.thawing = ZERO;
  escrow.deposited = ZERO;
  escrow.collected = ZERO;
  escrow.withdrawn = ZERO;
  escrow.updatedAt = event.block.timestamp;
  return escrow;
}

/** A channel; the caller saves it. */
export function loadChannel(id: Bytes, payer: Address, operator: Address, signer: Address, event: ethereum.Event): Channel {
  const known = Channel.load(id);
  if (known != null) {
    known.updatedAt = event.block.timestamp;
    return known;
  }
  const channel = new Channel(id);
  channel.payer = touch(payer, event).id;
  channel.operatorAccount = touch(operator, event).id;
  channel.operator = operator;
  channel.signer = signer;
  channel.session = signer != payer;
  channel.cap = ZERO;
  channel.expiry = ZERO;
  channel.revoked = false;
  channel.collected = ZERO;
  channel.sequence = ZERO;
  channel.createdAt = event.block.timestamp;
  channel.updatedAt = event.block.timestamp;
  return channel;
}
