import { Address, BigInt, ethereum } from '@graphprotocol/graph-ts';
import {
  CardUpdated,
  ModelCreated,
  ModelListed,
  ReleaseAdded,
  TermsSet,
  Transfer as TransferEvent,
} from '../generated/ModelRegistry/ModelRegistry';
import { Model, ModelTransfer, Release, Terms } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { requestFile } from './entities/files';
import { eventId, numberId, versionId } from './entities/ids';
import { endListing } from './entities/listing';
import { clamp, loadProtocol, ZERO } from './entities/protocol';

/** The model of a number, counted when new: which event of its creation comes first is the contract's choice. */
function loadModel(modelId: BigInt, owner: Address, event: ethereum.Event): Model {
  const id = numberId(modelId);
  const known = Model.load(id);
  if (known != null) return known;
  const model = new Model(id);
  model.number = modelId.toI32();
  model.developer = touch(owner, event).id;
  model.owner = model.developer;
  model.name = '';
  model.cardCid = '';
  model.listed = false;
  model.releaseCount = 0;
  model.termsVersion = 0;
  model.jobCount = 0;
  model.rating = 0;
  model.ratingStars = 0;
  model.ratingCount = 0;
  model.judgedPoints = 0;
  model.judgedRounds = 0;
  model.royalties = ZERO;
  model.createdAt = event.block.timestamp;
  model.transactionHash = event.transaction.hash;
  const totals = loadProtocol();
  totals.modelCount += 1;
  totals.save();
  return model;
}

function recordActivity(event: ethereum.Event, kind: string, actor: Address, model: string): void {
  const entry = activity(event, kind, actor);
  entry.model = model;
  entry.save();
}

export function handleModelCreated(event: ModelCreated): void {
  const model = loadModel(event.params.modelId, event.params.developer, event);
  model.developer = touch(event.params.developer, event).id;
  model.name = event.params.name;
  model.cardCid = event.params.cardCid;
  model.card = requestFile('Document', event.params.cardCid);
  model.save();
  recordActivity(event, 'MODEL_CREATED', event.params.developer, model.id);
}

export function handleTransfer(event: TransferEvent): void {
  const model = loadModel(event.params.tokenId, event.params.to, event);
  model.owner = touch(event.params.to, event).id;
  endListing(model, 'STALE');
  model.save();

  const transfer = new ModelTransfer(eventId(event));
  transfer.model = model.id;
  transfer.from = event.params.from;
  transfer.to = model.owner;
  transfer.timestamp = event.block.timestamp;
  transfer.transactionHash = event.transaction.hash;
  transfer.save();
}

export function handleCardUpdated(event: CardUpdated): void {
  const model = Model.load(numberId(event.params.modelId))!;
  model.cardCid = event.params.cardCid;
  model.card = requestFile('Document', event.params.cardCid);
  model.save();
}

export function handleModelListed(event: ModelListed): void {
  const model = Model.load(numberId(event.params.modelId))!;
  model.listed = event.params.listed;
  model.save();
  recordActivity(event, event.params.listed ? 'MODEL_LISTED' : 'MODEL_UNLISTED', event.params.developer, model.id);
}

export function handleReleaseAdded(event: ReleaseAdded): void {
  const release = new Release(event.params.releaseHash);
  release.model = numberId(event.params.modelId);
  release.releaseIndex = event.params.releaseIndex.toI32();
  release.actor = touch(event.params.actor, event).id;
  if (event.params.jobId.gt(ZERO)) release.job = numberId(event.params.jobId);
  release.baseModel = event.params.baseModel;
  release.adaptersHash = event.params.adaptersHash;
  release.trainingLogRoot = event.params.trainingLogRoot;
  release.indexRoot = event.params.indexRoot;
  release.indexRows = clamp(event.params.indexRows);
  release.k = clamp(event.params.k);
  release.nullThreshold = event.params.nullThreshold;
  release.manifestCid = event.params.manifestCid;
  const model = Model.load(release.model)!;
  // An agent's manifest is another kind of file, which its own event names.
  if (model.agent === null) release.manifest = requestFile('ReleaseManifest', event.params.manifestCid);
  release.createdAt = event.block.timestamp;
  release.transactionHash = event.transaction.hash;
  release.save();

  model.releaseCount += 1;
  model.latestRelease = release.id;
  model.save();

  recordActivity(event, 'RELEASE_ADDED', event.params.actor, model.id);
  const totals = loadProtocol();
  totals.releaseCount += 1;
  totals.save();
}

export function handleTermsSet(event: TermsSet): void {
  const terms = new Terms(versionId(event.params.modelId, event.params.termsVersion));
  terms.model = numberId(event.params.modelId);
  terms.version = event.params.termsVersion.toI32();
  terms.developer = touch(event.params.developer, event).id;
  terms.operatorBps = event.params.operatorBps;
  terms.developerBps = event.params.developerBps;
  terms.parentsBps = event.params.parentsBps;
  terms.backersBps = event.params.backersBps;
  terms.contributorsBps = event.params.contributorsBps;
  terms.parents = event.params.parents;
  terms.backers = event.params.backers;
  terms.promptPrice = event.params.promptPrice;
  terms.completionPrice = event.params.completionPrice;
  terms.retrievalPrice = event.params.retrievalPrice;
  terms.agentStepPrice = event.params.agentStepPrice;
  terms.timestamp = event.block.timestamp;
  terms.transactionHash = event.transaction.hash;
  terms.save();

  const model = loadModel(event.params.modelId, event.params.developer, event);
  model.termsVersion = terms.version;
  model.terms = terms.id;
  model.save();
  recordActivity(event, 'TERMS_SET', event.params.developer, model.id);
}
