import { Address, ethereum } from '@graphprotocol/graph-ts';
import {
  OwnerPaid,
  SharesAccrued,
  SharesClaimed,
  SharesStarted,
  Transfer,
} from '../generated/templates/BackerShares/BackerShares';
import { BackerPosition, BackerShares } from '../generated/schema';
import { touch } from './entities/account';
import { pairId } from './entities/ids';
import { ZERO } from './entities/protocol';

function loadPosition(holder: Address, event: ethereum.Event): BackerPosition {
  const id = pairId(event.address, holder);
  const known = BackerPosition.load(id);
  if (known != null) return known;
  const position = new BackerPosition(id);
  position.shares = event.address;
  position.holder = touch(holder, event).id;
  position.units = ZERO;
  position.claimed = ZERO;
  return position;
}

export function handleSharesStarted(event: SharesStarted): void {
  const shares = BackerShares.load(event.address)!;
  shares.units = event.params.units;
  shares.cap = event.params.cap;
  shares.save();
}

export function handleSharesAccrued(event: SharesAccrued): void {
  const shares = BackerShares.load(event.address)!;
  shares.divided = shares.divided.plus(event.params.toBackers);
  shares.beyondCap = shares.beyondCap.plus(event.params.toOwner);
  shares.save();
}

export function handleSharesClaimed(event: SharesClaimed): void {
  const shares = BackerShares.load(event.address)!;
  shares.claimed = shares.claimed.plus(event.params.amount);
  shares.save();

  const position = loadPosition(event.params.account, event);
  position.claimed = position.claimed.plus(event.params.amount);
  position.save();

  const account = touch(event.params.account, event);
  account.earned = account.earned.plus(event.params.amount);
  account.save();
}

export function handleOwnerPaid(event: OwnerPaid): void {
  const shares = BackerShares.load(event.address)!;
  shares.ownerPaid = shares.ownerPaid.plus(event.params.amount);
  shares.save();

  const account = touch(event.params.owner, event);
  account.earned = account.earned.plus(event.params.amount);
  account.save();
}

export function handleSharesTransfer(event: Transfer): void {
  if (event.params.from != Address.zero()) {
    const from = loadPosition(event.params.from, event);
    from.units = from.units.minus(event.params.value);
    from.save();
  }
  const to = loadPosition(event.params.to, event);
  to.units = to.units.plus(event.params.value);
  to.save();
}
