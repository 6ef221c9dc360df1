import { type Address, type Hex, zeroAddress } from 'viem';
import { indexTree } from '../release/indexTree.ts';
import type { DatanetUse, IndexLeaf, Release, Terms } from '../release/release.ts';
import { adaptersHash, datanetsHash, evaluationHash, parentsHash, releaseHash } from '../release/releaseHash.ts';
import type { Random } from '../vectors/random.ts';
import type { ReleaseFacts } from '../verify/batchFacts.ts';

/** A registered release as the chain and its manifest tell it, with who reviewed what. */
export type HonestRelease = {
  hash: Hex;
  facts: Required<ReleaseFacts>;
  reviewers: readonly Address[];
  /** Whether an answer may name it alone: it was trained on all datanets of the batch. */
  isWhole: boolean;
};

export type People = { contributors: Address[]; reviewers: Address[]; owners: Address[]; others: Address[] };

const open = 10n ** 18n;
const rowsOfRelease = 12;
/** Ids of the batch's datanets. */
export const datanetIds = [1, 2, 3];

export function honestPeople(random: Random): People {
  const some = (count: number): Address[] => Array.from({ length: count }, random.address);
  return { contributors: some(9), reviewers: some(3), owners: some(6), others: some(6) };
}

/**
 * Releases that differ in terms (two versions each), owners, index, threshold, datanets and parents. The last two of four
 * or more were trained on a part of the datanets each: only together can they answer.
 * @param soldAt Unix second at which every other model changed hands
 */
export function honestReleases(random: Random, people: People, count: number, soldAt: number): HonestRelease[] {
  const hashes: Hex[] = [];
  return Array.from({ length: count }, (_, number) => {
    const isWhole = count < 4 || number < count - 2;
    const ids = isWhole ? datanetIds : number === count - 1 ? [1, 2] : [2, 3];
    const uses: DatanetUse[] = ids.map((datanetId) => ({ datanetId, version: 1 + random.below(3), root: random.bytes32() }));
    const index = indexOf(random, people);
    const tree = indexTree(index);
    const release: Release = {
      baseModel: random.bytes32(),
      adaptersHash: adaptersHash([{ adapterId: random.bytes32(), weightBps: 10_000 }]),
      tokenizerHash: random.bytes32(),
      datanetsHash: datanetsHash(uses),
      trainingLogRoot: random.bytes32(),
      indexRoot: tree.root,
      indexRows: index.length,
      k: index.length,
      seed: random.bytes32(),
      projectionHash: random.bytes32(),
      nullThreshold: random.below(5) === 0 ? 0 : 200 + random.below(2_000),
      parentsHash: parentsHash(hashes.slice(0, random.below(3))),
      evaluationHash: evaluationHash(`evaluation ${number}`),
    };
    const hash = releaseHash(release);
    hashes.push(hash);
    const first = { account: random.pick(people.owners), from: 0 };
    const facts = {
      nullThreshold: release.nullThreshold,
      terms: new Map([1, 2].map((version) => [version, termsOf(random, people, isWhole)])),
      owners: number % 2 === 0 ? [first] : [first, { account: random.pick(people.owners), from: soldAt }],
      datanets: ids,
      index,
      release,
      uses,
    };
    return {
      hash,
      facts,
      reviewers: index.map(() => (random.below(6) === 0 ? zeroAddress : random.pick(people.reviewers))),
      isWhole,
    };
  });
}

function indexOf(random: Random, { contributors }: People): IndexLeaf[] {
  const shared = random.bytes32();
  return Array.from({ length: rowsOfRelease }, (_, position) => {
    const recordId = random.bytes32();
    return {
      position,
      recordId,
      contributor: random.pick(contributors),
      cluster: position % 5 === 4 ? shared : recordId,
      tokensRoot: random.bytes32(),
      scaleBits: random.below(2 ** 32),
      rowRoot: random.bytes32(),
    };
  });
}

/** Shares with and without parents and backers; those without an account fall to the owner. */
function termsOf(random: Random, { others }: People, isDear: boolean): Terms {
  const cuts = Array.from({ length: 3 }, () => random.below(4_001)).sort((a, b) => a - b) as [number, number, number];
  const account = (): Address => (random.below(3) === 0 ? zeroAddress : random.pick(others));
  return {
    operatorBps: 2_000,
    developerBps: cuts[0],
    parentsBps: cuts[1] - cuts[0],
    backersBps: cuts[2] - cuts[1],
    contributorsBps: 8_000 - cuts[2],
    parents: account(),
    backers: account(),
    promptPrice: random.upTo(open / 1_000n),
    completionPrice: open / 1_000n + random.upTo(open / 100n),
    retrievalPrice: random.upTo(open / 1_000n),
    agentStepPrice: isDear ? open / 10n : random.upTo(open / 10n),
  };
}
