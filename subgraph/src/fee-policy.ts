import { FeeSet } from '../generated/FeePolicy/FeePolicy';
import { FeeVersion } from '../generated/schema';
import { touch } from './entities/account';
import { numberId } from './entities/ids';
import { loadProtocol } from './entities/protocol';

export function handleFeeSet(event: FeeSet): void {
  const version = new FeeVersion(numberId(event.params.feeVersion));
  version.version = event.params.feeVersion.toI32();
  version.protocolFeeBps = event.params.protocolFeeBps;
  version.burnBps = event.params.burnBps;
  version.contributorCapBps = event.params.contributorCapBps;
  version.verbatimBps = event.params.verbatimBps;
  version.retrievalBps = event.params.retrievalBps;
  version.fidelityFloorBps = event.params.fidelityFloorBps;
  version.effectiveAt = event.params.effectiveAt;
  version.actor = touch(event.params.actor, event).id;
  version.timestamp = event.block.timestamp;
  version.transactionHash = event.transaction.hash;
  version.save();

  const totals = loadProtocol();
  totals.feeVersion = version.id;
  totals.save();
}
