import { Address, BigInt, ethereum } from '@graphprotocol/graph-ts';
import { GrantApproved, GrantRejected, GrantRequested, GrantRevoked } from '../generated/AccessGrants/AccessGrants';
import { Datanet, Grant } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { requestFile } from './entities/files';
import { numberId } from './entities/ids';
import { loadProtocol, ZERO } from './entities/protocol';

function createGrant(grantId: BigInt, datanetId: BigInt, requester: Address, purpose: i32, event: ethereum.Event): Grant {
  const grant = new Grant(numberId(grantId));
  grant.number = grantId.toI32();
  grant.datanet = numberId(datanetId);
  grant.requester = touch(requester, event).id;
  grant.purpose = purpose == 0 ? 'TRAIN' : 'RETRIEVE';
  grant.status = 'REQUESTED';
  grant.price = ZERO;
  grant.requestedAt = event.block.timestamp;
  grant.transactionHash = event.transaction.hash;

  const datanet = Datanet.load(grant.datanet)!;
  datanet.grantCount += 1;
  datanet.save();
  const totals = loadProtocol();
  totals.grantCount += 1;
  totals.save();
  return grant;
}

function recordActivity(event: ethereum.Event, kind: string, actor: Address, grant: Grant): void {
  const entry = activity(event, kind, actor);
  entry.datanet = grant.datanet;
  if (grant.price.gt(ZERO)) entry.amount = grant.price;
  entry.save();
}

export function handleGrantRequested(event: GrantRequested): void {
  const grant = createGrant(event.params.grantId, event.params.datanetId, event.params.requester, event.params.purpose, event);
  grant.termsCid = event.params.termsCid;
  grant.terms = requestFile('Document', event.params.termsCid);
  grant.save();
  recordActivity(event, 'GRANT_REQUESTED', event.params.requester, grant);
}

/** A grant redeemed from a provider's signature is approved without having been requested. */
export function handleGrantApproved(event: GrantApproved): void {
  let grant = Grant.load(numberId(event.params.grantId));
  if (grant == null) {
    grant = createGrant(event.params.grantId, event.params.datanetId, event.params.requester, event.params.purpose, event);
  }
  grant.status = 'APPROVED';
  grant.provider = touch(event.params.provider, event).id;
  grant.expiry = event.params.expiry;
  grant.price = event.params.price;
  grant.decidedAt = event.block.timestamp;
  grant.save();
  recordActivity(event, 'GRANT_APPROVED', event.params.provider, grant);
}

export function handleGrantRejected(event: GrantRejected): void {
  const grant = Grant.load(numberId(event.params.grantId))!;
  grant.status = 'REJECTED';
  grant.provider = touch(event.params.provider, event).id;
  grant.reason = event.params.reason;
  grant.decidedAt = event.block.timestamp;
  grant.save();
  recordActivity(event, 'GRANT_REJECTED', event.params.provider, grant);
}

export function handleGrantRevoked(event: GrantRevoked): void {
  const grant = Grant.load(numberId(event.params.grantId))!;
  grant.status = 'REVOKED';
  grant.revokedAt = event.params.revokedAt;
  grant.save();
  recordActivity(event, 'GRANT_REVOKED', event.params.provider, grant);
}
