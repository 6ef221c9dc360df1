import { type Address, type Hex, isAddressEqual, zeroAddress } from 'viem';
import { checkRun, type RunReceipt } from '../agents/checkRun.ts';
import { type AllocationResult, allocate } from '../allocation/allocate.ts';
import { allocateComposed } from '../allocation/allocateComposed.ts';
import { allocationHash } from '../evidence/allocationHash.ts';
import type { RecordScore } from '../evidence/evidence.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { outputHash } from '../output/outputHash.ts';
import { promptHash } from '../output/promptHash.ts';
import type { IndexRows } from '../release/indexRows.ts';
import { indexTreeLeaf } from '../release/indexTree.ts';
import type { DatanetUse, Release, Terms } from '../release/release.ts';
import { datanetsHash, releaseHash } from '../release/releaseHash.ts';
import { hashJson } from '../schema/hashJson.ts';
import { channelId } from '../settlement/channelId.ts';
import { compositionHash } from '../settlement/composition.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { computeFee } from '../settlement/fee.ts';
import { feePolicyOf, restates } from '../settlement/feePolicy.ts';
import { receiptHash, recoverReceiptSigner } from '../settlement/receipt.ts';
import { zeroHash } from '../tree/nodes.ts';
import { treeId } from '../tree/treeId.ts';
import { verifyTreeProof } from '../tree/verifyTreeProof.ts';
import { checkFidelity, type FidelityFacts } from './checkFidelity.ts';
import { checkRouting } from './checkRouting.ts';
import { checkScores } from './checkScores.ts';
import { checkSources, type VersionRoots } from './checkSources.ts';
import { attempt, type Check, check, sameAddress, skipped } from './checks.ts';
import { sameAllocations } from './sameAllocations.ts';

/** What the chain says, against which the bundle is held. Read it with `readReceiptFacts`; without it those checks are skipped. */
export type ReceiptFacts = {
  signer: Address;
  terms: Terms;
  policy: ReceiptBundle['fee'];
  modelId: number;
  fidelities: FidelityFacts;
  /** Of several releases only: each, in the order of the composition. */
  components?: readonly { terms: Terms; modelId: number }[];
  /** Roots of the datanet versions that passages were retrieved from, by `versionKey`. */
  versionRoots?: VersionRoots;
};

/** Without chain and settlement, for which a receipt is signed, nothing is said of its signature. */
export type VerificationContext = {
  chainId?: number;
  settlement?: Address;
  facts?: ReceiptFacts;
  /** The rows of the release's index, or a sentence why there are none: the scores are recomputed from them. */
  rows?: IndexRows | string;
  /** Receipts of the steps, where an agent's is checked. Each is to be verified by itself too. */
  children?: readonly RunReceipt[];
};

export type Verification = { ok: boolean; checks: Check[] };

/**
 * Checks a receipt from its bundle: signature, hashes, Merkle proofs of the records' index rows, fee, allocation, scores.
 * `ok` when nothing failed. Never throws.
 */
export async function verifyReceipt(bundle: ReceiptBundle, context: VerificationContext): Promise<Verification> {
  const { facts } = context;
  const checks = await Promise.all([
    attempt('signature', () => checkSignature(bundle, context)),
    attempt('receiptHash', () => checkHash('receiptHash', 'receipt', receiptHash(bundle.receipt), bundle.receiptHash)),
    attempt('channel', () => checkHash('channel', 'channel', channelId(bundle.channel), bundle.receipt.channel)),
    attempt('composition', () =>
      checkHash('composition', 'composition', compositionHash(bundle.composition), bundle.receipt.compositionHash),
    ),
    attempt('evidence', () => checkHash('evidence', 'evidence', evidenceHash(bundle.evidence), bundle.receipt.evidenceHash)),
    attempt('trace', () => checkHash('trace', 'trace of the call', hashJson(bundle.trace), bundle.receipt.traceHash)),
    ...('router' in bundle.trace ? [attempt('routing', () => checkRouting(bundle))] : []),
    ...('run' in bundle.trace ? [attempt('run', () => checkRun(bundle, context.children))] : []),
    attempt('prompt', () => checkPrompt(bundle)),
    attempt('answer', () => checkAnswer(bundle)),
    attempt('release', () => checkRelease(bundle, context)),
    attempt('index', () => checkIndex(bundle)),
    ...checkSources(bundle, facts?.versionRoots),
    attempt('terms', () => checkTerms(bundle, context)),
    attempt('fidelity', () => checkReceiptFidelity(bundle, context)),
    attempt('fee', () => checkFee(bundle)),
    attempt('allocation', () => checkAllocation(bundle)),
    attempt('sum', () => checkSum(bundle)),
  ]);
  checks.push(...(await checkScores(bundle, context.rows ?? 'The rows of the release’s index were not read.')));
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

type ReleasePart = { release: Release; terms: Terms; developer: Address; datanets?: readonly DatanetUse[] };

/** What the bundle shows of each release of the composition; throws where it shows something else than that. */
function releasesOf({ composition, components, release, terms, developer }: ReceiptBundle): ReleasePart[] {
  if (composition.length === 1) return [{ release, terms, developer }];
  if (components?.length !== composition.length)
    throw new Error(`${composition.length} releases gave the answer, and the bundle shows ${components?.length ?? 1}.`);
  return components;
}

function checkRelease(bundle: ReceiptBundle, { facts }: VerificationContext): Check {
  const several = bundle.composition.length > 1;
  const wrong = releasesOf(bundle).flatMap(({ release, datanets }, index) => {
    const [computed, bound] = [releaseHash(release), bundle.composition[index]?.releaseHash];
    if (computed !== bound) return [`The release shown hashes to ${computed}, the receipt names ${bound}.`];
    return datanets && datanetsHash(datanets) !== release.datanetsHash
      ? [`The datanets shown are not those of release ${bound}.`]
      : [];
  });
  if (wrong[0]) return check('release', false, '', wrong[0]);
  const what = several ? 'The releases are those' : 'The release is the one';
  if (!facts)
    return skipped(
      'release',
      `${what} the receipt names; whether ${several ? 'they are' : 'it is'} registered is on the chain, which was not read.`,
    );
  const models = several ? (facts.components ?? []).map(({ modelId }) => modelId) : [facts.modelId];
  return check(
    'release',
    models.length === bundle.composition.length && models.every((modelId) => modelId > 0),
    several
      ? `The releases are registered on chain for the models ${models.join(', ')}.`
      : `The release is registered on chain for model ${facts.modelId}.`,
    'No model on chain has this release.',
  );
}

function checkIndex(bundle: ReceiptBundle): Check {
  const { evidence, indexProofs, composition } = bundle;
  const releases = new Map(releasesOf(bundle).map(({ release }, index) => [composition[index]?.releaseHash, release]));
  const quoted: Quoted[] = [...evidence.records, ...evidence.spans.flatMap(({ sources }) => sources)];
  const wrong = quoted.filter((record) => {
    const release = releases.get(record.releaseHash);
    return !release || !indexProofs.some((opened) => opens(record, opened, release));
  });
  if (evidence.nullThreshold !== bundle.release.nullThreshold)
    return check('index', false, '', 'The evidence uses another null threshold than the release.');
  return check(
    'index',
    wrong.length === 0,
    `All ${quoted.length} records stand in the release's attribution index with this contributor, cluster and row.`,
    `${wrong.length} of ${quoted.length} records do not open against the release's attribution index.`,
  );
}

/** A record by its score, or as the source of a span, which does not state the row. */
type Quoted = Pick<RecordScore, 'releaseHash' | 'position' | 'recordId' | 'cluster' | 'contributor'> &
  Partial<Pick<RecordScore, 'rowRoot'>>;

/** Whether that proof opens that record in the release's index. */
function opens(
  record: Quoted,
  { recordId, leaf, index, proof }: ReceiptBundle['indexProofs'][number],
  { indexRoot, indexRows }: Release,
): boolean {
  const commitment = { root: indexRoot, count: indexRows, amount: BigInt(indexRows), weight: 0n };
  return (
    recordId === record.recordId &&
    leaf.recordId === record.recordId &&
    leaf.position === record.position &&
    leaf.position === index &&
    leaf.cluster === record.cluster &&
    (record.rowRoot === undefined || leaf.rowRoot === record.rowRoot) &&
    sameAddress(leaf.contributor, record.contributor) &&
    verifyTreeProof(treeId.attributionIndex, commitment, index, indexTreeLeaf(leaf), proof) !== undefined
  );
}

function checkTerms(bundle: ReceiptBundle, { facts }: VerificationContext): Check {
  const { fee, parameters, composition } = bundle;
  if (!restates(parameters, fee)) {
    return check('terms', false, '', 'The parameters of the batch differ from the fee version that the receipt binds.');
  }
  if (!facts) return skipped('terms', 'Prices, split and protocol fee are on the chain, which was not read.');
  const normal = (value: Terms): string =>
    JSON.stringify(
      Object.entries(value)
        .map(([name, item]) => [name, String(item).toLowerCase()])
        .sort(),
    );
  const { policy } = facts;
  const onChain = composition.length === 1 ? [facts] : (facts.components ?? []);
  const same =
    releasesOf(bundle).every(({ terms }, index) => {
      const bound = onChain[index]?.terms;
      return bound !== undefined && normal(terms) === normal(bound);
    }) && JSON.stringify(feePolicyOf(fee)) === JSON.stringify(feePolicyOf(policy));
  return check(
    'terms',
    same,
    'Prices, split and protocol fee are those on chain for the versions that the receipt binds.',
    'Prices, split or protocol fee differ from those on chain for the versions that the receipt binds.',
  );
}

function checkReceiptFidelity({ composition, parameters, receipt }: ReceiptBundle, { facts }: VerificationContext): Check {
  if (!facts) return skipped('fidelity', 'What was attested of the releases is on the chain, which was not read.');
  const releases = composition.map(({ releaseHash: hash }) => hash);
  return checkFidelity(releases, parameters.fidelity, receipt.timestamp, facts.fidelities);
}

function feeOf(bundle: ReceiptBundle): ReturnType<typeof computeFee> {
  const { receipt, composition, app } = bundle;
  const parts = releasesOf(bundle).map(({ terms }, index) => ({ card: terms, weightBps: composition[index]?.weightBps ?? 0 }));
  return computeFee(parts, receipt, sameAddress(app.address, zeroAddress) ? 0 : app.markupBps);
}

function checkFee(bundle: ReceiptBundle): Check {
  const { fee } = feeOf(bundle);
  const { promptTokens, completionTokens, retrievalTokens, agentSteps } = bundle.receipt;
  const retrieved = retrievalTokens > 0 ? `, ${retrievalTokens} retrieved` : '';
  const used =
    agentSteps > 0 ? `${agentSteps} steps` : `${promptTokens} prompt${retrieved} and ${completionTokens} answer tokens`;
  const cost = `${used} cost ${fee} wei at the bound prices`;
  return check('fee', fee === bundle.receipt.fee, `${cost}, as charged.`, `${cost}, but ${bundle.receipt.fee} wei were charged.`);
}

/** The allocation of a receipt, computed anew from its bundle; throws where the bundle lacks one of several releases. */
export function allocateBundle(bundle: ReceiptBundle): AllocationResult {
  const { base, markup } = feeOf(bundle);
  const { evidence, composition, parameters, terms, developer } = bundle;
  const common = {
    base,
    markup,
    operator: bundle.channel.operator,
    payer: bundle.channel.payer,
    app: bundle.app.address,
    policy: bundle.fee,
    reputation: Object.fromEntries(
      Object.entries(parameters.reputation).map(([account, value]) => [account.toLowerCase(), value]),
    ),
    pools: parameters.poolSizes,
    completionTokens: bundle.receipt.completionTokens,
    dayIndex: bundle.dayIndex,
  };
  const [only] = composition;
  if (only && composition.length === 1)
    return allocate({ ...common, terms, developer, evidence, fidelityBps: parameters.fidelity[only.releaseHash] });
  const releases = releasesOf(bundle).map((part, index) => {
    const { releaseHash: hash = zeroHash, weightBps = 0 } = composition[index] ?? {};
    // The threshold of the first is the one that the evidence states.
    const { nullThreshold } = index === 0 ? evidence : part.release;
    const datanets = (part.datanets ?? []).map(({ datanetId }) => datanetId);
    const fidelityBps = parameters.fidelity[hash];
    return { releaseHash: hash, weightBps, terms: part.terms, developer: part.developer, nullThreshold, fidelityBps, datanets };
  });
  return allocateComposed({ ...common, evidence, releases });
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
