import { Address, Bytes } from '@graphprotocol/graph-ts';
import { DerivationStated, LineageDeclared, ParentNamed } from '../generated/Lineage/Lineage';
import { Derivation, Lineage, Model, Parentage } from '../generated/schema';
import { ParentsAccount } from '../generated/templates';
import { touch } from './entities/account';
import { numberId, parentageId, versionId } from './entities/ids';
import { ZERO } from './entities/protocol';

/** In the contract's order. */
const USES = ['MERGED', 'TRAINED', 'MEMBER', 'ROUTED'];

/** A licence's id: ASCII from the left of a word, up to the first zero byte or what is no printable character. */
function licenceOf(word: Bytes): string {
  let text = '';
  for (let i = 0; i < word.length; i++) {
    if (word[i] < 0x20 || word[i] > 0x7e) break;
    text += String.fromCharCode(word[i]);
  }
  return text;
}

export function handleDerivationStated(event: DerivationStated): void {
  const derivation = new Derivation(versionId(event.params.modelId, event.params.version));
  derivation.model = numberId(event.params.modelId);
  derivation.version = event.params.version.toI32();
  derivation.actor = touch(event.params.actor, event).id;
  derivation.licence = licenceOf(event.params.licence);
  derivation.minimumBps = event.params.minimumBps;
  derivation.allowed = event.params.allowed;
  derivation.sameLicence = event.params.sameLicence;
  derivation.timestamp = event.block.timestamp;
  derivation.transactionHash = event.transaction.hash;
  derivation.save();

  const model = Model.load(derivation.model)!;
  model.derivation = derivation.id;
  model.save();
}

export function handleParentNamed(event: ParentNamed): void {
  const parentage = new Parentage(parentageId(event.params.modelId, event.params.parentId));
  parentage.child = numberId(event.params.modelId);
  parentage.parent = numberId(event.params.parentId);
  parentage.derivation = versionId(event.params.parentId, event.params.derivationVersion);
  parentage.shareBps = event.params.shareBps;
  parentage.use = USES[event.params.use];
  parentage.toOwners = ZERO;
  parentage.toParents = ZERO;
  parentage.save();
}

export function handleLineageDeclared(event: LineageDeclared): void {
  const lineage = new Lineage(numberId(event.params.modelId));
  lineage.model = lineage.id;
  if (event.params.account != Address.zero()) {
    lineage.account = event.params.account;
    ParentsAccount.create(event.params.account);
  }
  lineage.licence = licenceOf(event.params.licence);
  lineage.owedBps = event.params.owedBps;
  lineage.depth = event.params.depth;
  lineage.sameLicence = event.params.sameLicence;
  lineage.actor = touch(event.params.actor, event).id;
  lineage.timestamp = event.block.timestamp;
  lineage.transactionHash = event.transaction.hash;
  lineage.save();

  const model = Model.load(lineage.id)!;
  model.lineage = lineage.id;
  model.save();
}
