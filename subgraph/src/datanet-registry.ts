import { Address, BigInt, ethereum } from '@graphprotocol/graph-ts';
import { DatanetPool as DatanetPoolTemplate } from '../generated/templates';
import {
  ContributionAccepted,
  ContributionCommitted,
  ContributionRejected,
  ContributionRevealed,
  ContributionRevoked,
  ContributionWithdrawn,
  ContributorAllowed,
  DatanetCreated,
  VersionPublished,
} from '../generated/DatanetRegistry/DatanetRegistry';
import { AllowedContributor, Contribution, Datanet, DatanetContributor, DatanetVersion } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { requestFile } from './entities/files';
import { memberId, numberId, versionId } from './entities/ids';
import { clamp, loadProtocol, ZERO } from './entities/protocol';

export function handleDatanetCreated(event: DatanetCreated): void {
  const id = numberId(event.params.datanetId);
  const datanet = new Datanet(id);
  datanet.number = event.params.datanetId.toI32();
  datanet.provider = touch(event.params.provider, event).id;
  datanet.reviewPolicy = event.params.reviewPolicy;
  datanet.pool = event.params.pool;
  datanet.poolAccount = event.params.pool;
  datanet.policy = event.params.policy == 0 ? 'OPEN' : 'ALLOWLIST';
  datanet.retrievalAllowed = event.params.retrievalAllowed;
  datanet.bond = event.params.bond;
  datanet.name = event.params.name;
  datanet.domain = event.params.domain;
  datanet.licence = event.params.licence;
  datanet.metadataCid = event.params.metadataCid;
  datanet.metadata = requestFile('Document', event.params.metadataCid);
  datanet.contributionCount = 0;
  datanet.contributionPendingCount = 0;
  datanet.contributionAcceptedCount = 0;
  datanet.contributionRejectedCount = 0;
  datanet.contributionRevokedCount = 0;
  datanet.recordCount = 0;
  datanet.contributorCount = 0;
  datanet.versionCount = 0;
  datanet.grantCount = 0;
  datanet.poolAccrued = ZERO;
  datanet.poolClaimed = ZERO;
  datanet.createdAt = event.block.timestamp;
  datanet.transactionHash = event.transaction.hash;
  datanet.save();

  const pool = touch(event.params.pool, event);
  pool.poolOf = id;
  pool.save();
  DatanetPoolTemplate.create(event.params.pool);

  const entry = activity(event, 'DATANET_CREATED', event.params.provider);
  entry.datanet = id;
  entry.save();

  const totals = loadProtocol();
  totals.datanetCount += 1;
  totals.save();
}

export function handleContributorAllowed(event: ContributorAllowed): void {
  const allowed = new AllowedContributor(memberId(event.params.datanetId, event.params.contributor));
  allowed.datanet = numberId(event.params.datanetId);
  allowed.account = touch(event.params.contributor, event).id;
  allowed.allowed = event.params.allowed;
  allowed.updatedAt = event.block.timestamp;
  allowed.save();
}

/** What a contributor brought to a datanet; the caller saves it. */
function loadContributor(datanetId: BigInt, address: Address): DatanetContributor {
  const id = memberId(datanetId, address);
  const known = DatanetContributor.load(id);
  if (known != null) return known;
  const contributor = new DatanetContributor(id);
  contributor.datanet = numberId(datanetId);
  contributor.account = address;
  contributor.contributionCount = 0;
  contributor.contributionAcceptedCount = 0;
  contributor.contributionRejectedCount = 0;
  contributor.recordCount = 0;
  contributor.poolClaimed = ZERO;
  return contributor;
}

function recordActivity(
  event: ethereum.Event,
  kind: string,
  actor: Address,
  contribution: Contribution,
  amount: BigInt | null,
): void {
  const entry = activity(event, kind, actor);
  entry.datanet = contribution.datanet;
  entry.contribution = contribution.id;
  entry.amount = amount;
  entry.save();
}

export function handleContributionCommitted(event: ContributionCommitted): void {
  const contribution = new Contribution(numberId(event.params.contributionId));
  contribution.number = event.params.contributionId.toI32();
  contribution.datanet = numberId(event.params.datanetId);
  contribution.contributor = event.params.contributor;
  contribution.status = 'COMMITTED';
  contribution.commitment = event.params.commitment;
  contribution.bond = event.params.bond;
  contribution.records = 0;
  contribution.bytesSize = ZERO;
  contribution.slashed = ZERO;
  contribution.committedAt = event.block.timestamp;
  contribution.transactionHash = event.transaction.hash;
  contribution.save();

  const account = touch(event.params.contributor, event);
  account.contributionCount += 1;
  account.save();

  const contributor = loadContributor(event.params.datanetId, event.params.contributor);
  contributor.contributionCount += 1;
  contributor.save();

  const datanet = Datanet.load(contribution.datanet)!;
  datanet.contributionCount += 1;
  datanet.save();

  recordActivity(event, 'CONTRIBUTION_COMMITTED', event.params.contributor, contribution, event.params.bond);

  const totals = loadProtocol();
  totals.contributionCount += 1;
  totals.bonded = totals.bonded.plus(event.params.bond);
  totals.save();
}

export function handleContributionRevealed(event: ContributionRevealed): void {
  const contribution = Contribution.load(numberId(event.params.contributionId))!;
  contribution.status = 'REVEALED';
  contribution.cid = event.params.cid;
  contribution.recordsRoot = event.params.recordsRoot;
  contribution.records = clamp(event.params.records);
  contribution.bytesSize = event.params.bytesSize;
  contribution.revealedAt = event.block.timestamp;
  contribution.save();

  const datanet = Datanet.load(contribution.datanet)!;
  datanet.contributionPendingCount += 1;
  datanet.save();

  recordActivity(event, 'CONTRIBUTION_REVEALED', event.params.contributor, contribution, null);
}

/** Counts a review for its reviewer. */
function countReview(reviewer: Address, event: ethereum.Event): void {
  const account = touch(reviewer, event);
  account.reviewCount += 1;
  account.save();
}

export function handleContributionAccepted(event: ContributionAccepted): void {
  const datanet = Datanet.load(numberId(event.params.datanetId))!;
  const records = clamp(event.params.records);

  const contribution = Contribution.load(numberId(event.params.contributionId))!;
  contribution.status = 'ACCEPTED';
  contribution.reviewer = event.params.reviewer;
  contribution.score = event.params.score;
  contribution.note = event.params.note;
  contribution.decidedAt = event.block.timestamp;
  // The next version holds everything accepted before it; the link is null until that version exists.
  contribution.version = versionId(event.params.datanetId, BigInt.fromI32(datanet.versionCount + 1));
  contribution.save();

  countReview(event.params.reviewer, event);
  const account = touch(event.params.contributor, event);
  account.contributionAcceptedCount += 1;
  account.recordAcceptedCount += records;
  account.save();

  const contributor = loadContributor(event.params.datanetId, event.params.contributor);
  if (contributor.recordCount == 0) datanet.contributorCount += 1;
  contributor.contributionAcceptedCount += 1;
  contributor.recordCount += records;
  contributor.save();

  datanet.contributionPendingCount -= 1;
  datanet.contributionAcceptedCount += 1;
  datanet.recordCount += records;
  datanet.save();

  recordActivity(event, 'CONTRIBUTION_ACCEPTED', event.params.reviewer, contribution, null);

  const totals = loadProtocol();
  totals.contributionAcceptedCount += 1;
  totals.recordAcceptedCount += records;
  totals.bonded = totals.bonded.minus(contribution.bond);
  totals.save();
}

const REASONS: string[] = ['LOW_QUALITY', 'REDUNDANT', 'MALICIOUS'];

export function handleContributionRejected(event: ContributionRejected): void {
  const contribution = Contribution.load(numberId(event.params.contributionId))!;
  contribution.status = 'REJECTED';
  contribution.reviewer = event.params.reviewer;
  contribution.rejection = REASONS[event.params.reason];
  contribution.slashed = event.params.slashed;
  contribution.evidenceCid = event.params.evidenceCid;
  contribution.evidence = requestFile('Document', event.params.evidenceCid);
  contribution.decidedAt = event.block.timestamp;
  contribution.save();

  countReview(event.params.reviewer, event);

  const contributor = loadContributor(event.params.datanetId, event.params.contributor);
  contributor.contributionRejectedCount += 1;
  contributor.save();

  const datanet = Datanet.load(contribution.datanet)!;
  datanet.contributionPendingCount -= 1;
  datanet.contributionRejectedCount += 1;
  datanet.save();

  recordActivity(event, 'CONTRIBUTION_REJECTED', event.params.reviewer, contribution, event.params.slashed);

  const totals = loadProtocol();
  totals.contributionRejectedCount += 1;
  totals.bonded = totals.bonded.minus(contribution.bond);
  totals.slashed = totals.slashed.plus(event.params.slashed);
  totals.save();
}

export function handleContributionWithdrawn(event: ContributionWithdrawn): void {
  const contribution = Contribution.load(numberId(event.params.contributionId))!;
  const revealed = contribution.status == 'REVEALED';
  contribution.status = 'WITHDRAWN';
  contribution.withdrawnAt = event.block.timestamp;
  contribution.save();

  if (revealed) {
    const datanet = Datanet.load(contribution.datanet)!;
    datanet.contributionPendingCount -= 1;
    datanet.save();
  }

  recordActivity(event, 'CONTRIBUTION_WITHDRAWN', event.params.contributor, contribution, event.params.returned);

  const totals = loadProtocol();
  totals.contributionWithdrawnCount += 1;
  totals.bonded = totals.bonded.minus(contribution.bond);
  totals.save();
}

export function handleContributionRevoked(event: ContributionRevoked): void {
  const datanet = Datanet.load(numberId(event.params.datanetId))!;
  const records = clamp(event.params.records);

  const contribution = Contribution.load(numberId(event.params.contributionId))!;
  contribution.status = 'REVOKED';
  contribution.revokedAt = event.block.timestamp;
  // Revoked before any version had it, it comes into none.
  const next = versionId(event.params.datanetId, BigInt.fromI32(datanet.versionCount + 1));
  if (contribution.version == next) contribution.version = null;
  contribution.save();

  const account = touch(event.params.contributor, event);
  account.recordAcceptedCount -= records;
  account.save();

  const contributor = loadContributor(event.params.datanetId, event.params.contributor);
  contributor.recordCount -= records;
  contributor.save();

  if (contributor.recordCount == 0) datanet.contributorCount -= 1;
  datanet.contributionRevokedCount += 1;
  datanet.recordCount -= records;
  datanet.save();

  recordActivity(event, 'CONTRIBUTION_REVOKED', event.params.contributor, contribution, null);

  const totals = loadProtocol();
  totals.contributionRevokedCount += 1;
  totals.recordAcceptedCount -= records;
  totals.save();
}

export function handleVersionPublished(event: VersionPublished): void {
  const version = new DatanetVersion(versionId(event.params.datanetId, event.params.version));
  version.datanet = numberId(event.params.datanetId);
  version.version = event.params.version.toI32();
  version.provider = touch(event.params.provider, event).id;
  version.root = event.params.root;
  version.contributionCount = event.params.contributions.toI32();
  version.recordCount = clamp(event.params.records);
  version.cid = event.params.cid;
  version.manifest = requestFile('Document', event.params.cid);
  version.publishedAt = event.block.timestamp;
  version.transactionHash = event.transaction.hash;
  version.save();

  const datanet = Datanet.load(version.datanet)!;
  datanet.versionCount = version.version;
  datanet.latestVersion = version.id;
  datanet.save();

  const entry = activity(event, 'VERSION_PUBLISHED', event.params.provider);
  entry.datanet = version.datanet;
  entry.save();

  const totals = loadProtocol();
  totals.versionCount += 1;
  totals.save();
}
