import { Spent } from '../generated/Treasury/Treasury';
import { TreasurySpend } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { eventId } from './entities/ids';
import { loadProtocol } from './entities/protocol';

export function handleSpent(event: Spent): void {
  const spend = new TreasurySpend(eventId(event));
  spend.to = touch(event.params.to, event).id;
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
