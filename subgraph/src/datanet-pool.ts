import { PoolAccrued, PoolClaimed } from '../generated/templates/DatanetPool/DatanetPool';
import { Account, Datanet, DatanetContributor, PoolAccrual, PoolClaim, RewardPoint } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { eventId, memberId } from './entities/ids';
import { loadProtocol } from './entities/protocol';
import { BigInt } from '@graphprotocol/graph-ts';

export function handlePoolAccrued(event: PoolAccrued): void {
  const datanetId = Account.load(event.address)!.poolOf!;
  const datanet = Datanet.load(datanetId)!;
  datanet.poolAccrued = datanet.poolAccrued.plus(event.params.amount);
  datanet.save();

  const accrual = new PoolAccrual(eventId(event));
  accrual.datanet = datanetId;
  accrual.amount = event.params.amount;
  accrual.records = event.params.records;
  accrual.timestamp = event.block.timestamp;
  accrual.transactionHash = event.transaction.hash;
  accrual.save();
}

export function handlePoolClaimed(event: PoolClaimed): void {
  const datanetId = Account.load(event.address)!.poolOf!;
  const datanet = Datanet.load(datanetId)!;
  datanet.poolClaimed = datanet.poolClaimed.plus(event.params.amount);
  datanet.save();

  const account = touch(event.params.contributor, event);
  account.poolClaimed = account.poolClaimed.plus(event.params.amount);
  account.earned = account.earned.plus(event.params.amount);
  account.save();

  const contributor = DatanetContributor.load(memberId(BigInt.fromI32(datanet.number), event.params.contributor));
  if (contributor != null) {
    contributor.poolClaimed = contributor.poolClaimed.plus(event.params.amount);
    contributor.save();
  }

  const claim = new PoolClaim(eventId(event));
  claim.datanet = datanetId;
  claim.account = event.params.contributor;
  claim.amount = event.params.amount;
  claim.timestamp = event.block.timestamp;
  claim.transactionHash = event.transaction.hash;
  claim.save();

  const point = new RewardPoint(0);
  point.account = event.params.contributor;
  point.amount = event.params.amount;
  point.save();

  const entry = activity(event, 'POOL_CLAIMED', event.params.contributor);
  entry.datanet = datanetId;
  entry.amount = event.params.amount;
  entry.save();

  const totals = loadProtocol();
  totals.poolClaimed = totals.poolClaimed.plus(event.params.amount);
  totals.paidToContributors = totals.paidToContributors.plus(event.params.amount);
  totals.save();
}
