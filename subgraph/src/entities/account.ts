import { Address, ethereum } from '@graphprotocol/graph-ts';
import { Account } from '../../generated/schema';
import { loadProtocol, ZERO } from './protocol';

/** The account of an address, counted and saved when it is new. Change and save it before touching another. */
export function touch(address: Address, event: ethereum.Event): Account {
  const known = Account.load(address);
  if (known != null) return known;
  const account = new Account(address);
  account.firstSeenAt = event.block.timestamp;
  account.openBalance = ZERO;
  account.openVotes = ZERO;
  account.votesMinted = ZERO;
  account.contributionVotes = ZERO;
  account.rewardsClaimed = ZERO;
  account.poolClaimed = ZERO;
  account.trainingPaid = ZERO;
  account.earned = ZERO;
  account.spent = ZERO;
  account.contributionCount = 0;
  account.contributionAcceptedCount = 0;
  account.recordAcceptedCount = 0;
  account.reviewCount = 0;
  account.ballotCount = 0;
  account.save();
  const totals = loadProtocol();
  totals.accountCount += 1;
  totals.save();
  return account;
}
