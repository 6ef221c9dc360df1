import { type Address, type Hex, isAddressEqual, zeroAddress } from 'viem';
import { allocate, type Pool } from '../allocation/allocate.ts';
import { allocationHash } from '../evidence/allocationHash.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { outputHash } from '../output/outputHash.ts';
import { promptHash } from '../output/promptHash.ts';
import { indexTreeLeaf } from '../release/indexTree.ts';
import type { Terms } from '../release/release.ts';
import { releaseHash } from '../release/releaseHash.ts';
import { hashJson } from '../schema/hashJson.ts';
import { channelId } from '../settlement/channelId.ts';
import { compositionHash } from '../settlement/composition.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { computeFee } from '../settlement/fee.ts';
import { receiptHash, recoverReceiptSigner } from '../settlement/receipt.ts';
import { treeId } from '../tree/treeId.ts';
import { verifyTreeProof } from '../tree/verifyTreeProof.ts';
import { attempt, type Check, check, sameAddress, skipped } from './checks.ts';
import { sameAllocations } from './sameAllocations.ts';

/** What the chain says, against which the bundle is held. Read it with `readReceiptFacts`; without it those checks are skipped. */
export type ReceiptFacts = {
  signer: Address;
  terms: Terms;
  policy: ReceiptBundle['fee'];
  modelId: number;
};

/** Without chain and settlement, for which a receipt is signed, nothing is said of its signature. */
export type VerificationContext = { chainId?: number; settlement?: Address; facts?: ReceiptFacts };

export type Verification = { ok: boolean; checks: Check[] };

/**
 * Checks a receipt from its bundle: signature, hashes, Merkle proofs of the records' index rows, fee, allocation.
 * `ok` when nothing failed. Never throws.
 */
export async function verifyReceipt(bundle: ReceiptBundle, context: VerificationContext): Promise<Verification> {
  const checks = await Promise.all([
    attempt('signature', () => checkSignature(bundle, context)),
    attempt('receiptHash', () => checkHash('receiptHash', 'receipt', receiptHash(bundle.receipt), bundle.receiptHash)),
    attempt('channel', () => checkHash('channel', 'channel', channelId(bundle.channel), bundle.receipt.channel)),
    attempt('composition', () =>
      checkHash('composition', 'composition', compositionHash(bundle.composition), bundle.receipt.compositionHash),
    ),
    attempt('evidence', () => checkHash('evidence', 'evidence', evidenceHash(bundle.evidence), bundle.receipt.evidenceHash)),
    attempt('trace', () => checkHash('trace', 'trace of the call', hashJson(bundle.trace), bundle.receipt.traceHash)),
    attempt('prompt', () => checkPrompt(bundle)),
    attempt('answer', () => checkAnswer(bundle)),
    attempt('release', () => checkRelease(bundle, context)),
    attempt('index', () => checkIndex(bundle)),
    attempt('terms', () => checkTerms(bundle, context)),
    attempt('fee', () => checkFee(bundle)),
    attempt('allocation', () => checkAllocation(bundle)),
    attempt('sum', () => checkSum(bundle)),
  ]);
  return { ok: checks.every(({ status }) => status !== 'failed'), checks };
}

async function checkSignature(
  { receipt, signature, channel }: ReceiptBundle,
  { chainId, settlement, facts }: VerificationContext,
): Promise<Check> {
  if (chainId === undefined || !settlement)
    return skipped('signature', 'Who signed it shows only against the deployment it was signed for, which was not given.');
  const signer = await recoverReceiptSigner(receipt, signature, openLedgerDomain(chainId, settlement));
  if (!facts)
    return skipped(
      'signature',
      `Signed by ${signer}; whether that is the signer of operator ${channel.operator} is on the chain, which was not read.`,
    );
  return check(
    'signature',
    isAddressEqual(signer, facts.signer),
    `Signed by ${signer}, the registered signer of operator ${channel.operator}.`,
    `Signed by ${signer}, but the operator's registered signer is ${facts.signer}.`,
  );
}

function checkHash(name: string, what: string, computed: Hex, stated: Hex): Check {
  return check(
    name,
    computed === stated,
    `The ${what} shown is the one the receipt binds.`,
    `The ${what} shown hashes to ${computed}, the receipt binds ${stated}.`,
  );
}

function checkPrompt({ receipt, salt, messages }: ReceiptBundle): Check {
  if (!salt || !messages) return skipped('prompt', 'Only the payer holds the prompt and its salt.');
  return checkHash('prompt', 'prompt', promptHash(salt, messages), receipt.promptHash);
}

function checkAnswer({ receipt, salt, answer, tokenIds }: ReceiptBundle): Check {
  if (!salt || answer === undefined || !tokenIds) return skipped('answer', 'Only the payer holds the answer and its salt.');
  if (tokenIds.length !== receipt.completionTokens) {
    return check(
      'answer',
      false,
      '',
      `The answer has ${tokenIds.length} tokens, the receipt charges ${receipt.completionTokens}.`,
    );
  }
  return checkHash('answer', 'answer', outputHash(salt, answer, tokenIds), receipt.outputHash);
}

function checkRelease({ release, composition }: ReceiptBundle, { facts }: VerificationContext): Check {
  const computed = releaseHash(release);
  const bound = composition[0]?.releaseHash;
  if (composition.length !== 1 || computed !== bound) {
    return check('release', false, '', `The release shown hashes to ${computed}, the receipt names ${bound}.`);
  }
  if (!facts)
    return skipped(
      'release',
      'The release is the one the receipt names; whether it is registered is on the chain, which was not read.',
    );
  return check(
    'release',
    facts.modelId > 0,
    `The release is registered on chain for model ${facts.modelId}.`,
    'No model on chain has this release.',
  );
}

function checkIndex({ evidence, indexProofs, release, composition }: ReceiptBundle): Check {
  const proofs = new Map(indexProofs.map((proof) => [proof.recordId, proof]));
  const commitment = { root: release.indexRoot, count: release.indexRows, amount: BigInt(release.indexRows), weight: 0n };
  const wrong = evidence.records.filter((record) => {
    const opened = proofs.get(record.recordId);
    if (!opened) return true;
    const { leaf, index, proof } = opened;
    const matches =
      leaf.recordId === record.recordId &&
      leaf.position === record.position &&
      leaf.position === index &&
      leaf.cluster === record.cluster &&
      leaf.rowRoot === record.rowRoot &&
      sameAddress(leaf.contributor, record.contributor) &&
      record.releaseHash === composition[0]?.releaseHash;
    return !matches || !verifyTreeProof(treeId.attributionIndex, commitment, index, indexTreeLeaf(leaf), proof);
  });
  if (evidence.nullThreshold !== release.nullThreshold)
    return check('index', false, '', 'The evidence uses another null threshold than the release.');
  return check(
    'index',
    wrong.length === 0,
    `All ${evidence.records.length} records stand in the release's attribution index with this contributor, cluster and row.`,
    `${wrong.length} of ${evidence.records.length} records do not open against the release's attribution index.`,
  );
}

function checkTerms({ terms, fee, parameters }: ReceiptBundle, { facts }: VerificationContext): Check {
  if (parameters.contributorCapBps !== fee.contributorCapBps || parameters.burnBps !== fee.burnBps) {
    return check('terms', false, '', 'The parameters of the batch differ from the fee version that the receipt binds.');
  }
  if (!facts) return skipped('terms', 'Prices, split and protocol fee are on the chain, which was not read.');
  const normal = (value: Terms): string =>
    JSON.stringify(
      Object.entries(value)
        .map(([name, item]) => [name, String(item).toLowerCase()])
        .sort(),
    );
  const policy = facts.policy;
  const same =
    normal(terms) === normal(facts.terms) &&
    fee.protocolFeeBps === policy.protocolFeeBps &&
    fee.burnBps === policy.burnBps &&
    fee.contributorCapBps === policy.contributorCapBps;
  return check(
    'terms',
    same,
    'Prices, split and protocol fee are those on chain for the versions that the receipt binds.',
    'Prices, split or protocol fee differ from those on chain for the versions that the receipt binds.',
  );
}

function feeOf({ receipt, terms, composition, app }: ReceiptBundle): ReturnType<typeof computeFee> {
  const parts = composition.map(({ weightBps }) => ({ card: terms, weightBps }));
  return computeFee(parts, receipt, sameAddress(app.address, zeroAddress) ? 0 : app.markupBps);
}

function checkFee(bundle: ReceiptBundle): Check {
  const { fee } = feeOf(bundle);
  const { promptTokens, completionTokens } = bundle.receipt;
  return check(
    'fee',
    fee === bundle.receipt.fee,
    `${promptTokens} prompt and ${completionTokens} answer tokens cost ${fee} wei at the bound prices, as charged.`,
    `${promptTokens} prompt and ${completionTokens} answer tokens cost ${fee} wei at the bound prices, but ${bundle.receipt.fee} wei were charged.`,
  );
}

function poolsOf({ parameters }: ReceiptBundle): Pool[] {
  return parameters.poolSizes.map(({ datanetId, pool, size }) => ({ datanetId, pool, size }));
}

/** The allocation of a receipt, computed anew from its bundle. */
export function allocateBundle(bundle: ReceiptBundle): ReturnType<typeof allocate> {
  const { base, markup } = feeOf(bundle);
  return allocate({
    base,
    markup,
    terms: bundle.terms,
    operator: bundle.channel.operator,
    developer: bundle.developer,
    payer: bundle.channel.payer,
    app: bundle.app.address,
    policy: bundle.fee,
    evidence: bundle.evidence,
    reputation: Object.fromEntries(
      Object.entries(bundle.parameters.reputation).map(([account, value]) => [account.toLowerCase(), value]),
    ),
    pools: poolsOf(bundle),
    dayIndex: bundle.dayIndex,
  });
}

function checkAllocation(bundle: ReceiptBundle): Check {
  const bound = allocationHash(bundle.allocations) === bundle.receipt.allocationHash;
  if (!bound) return check('allocation', false, '', 'The allocation shown is not the one the receipt binds.');
  const computed = allocateBundle(bundle).allocations;
  return check(
    'allocation',
    sameAllocations(computed, bundle.allocations),
    `Computing the allocation anew from the evidence pays the same ${computed.length} accounts the same amounts.`,
    'Computing the allocation anew from the evidence gives other amounts.',
  );
}

function checkSum({ receipt, allocations, fee }: ReceiptBundle): Check {
  const protocolFee = (receipt.fee * BigInt(fee.protocolFeeBps)) / 10_000n;
  const sum = allocations.reduce((total, { amount }) => total + amount, 0n);
  return check(
    'sum',
    sum + protocolFee === receipt.fee,
    `${sum} wei to accounts and ${protocolFee} wei protocol fee are the ${receipt.fee} wei paid, to the wei.`,
    `${sum} wei to accounts and ${protocolFee} wei protocol fee are not the ${receipt.fee} wei paid.`,
  );
}
