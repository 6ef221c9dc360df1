// A long invented history of the protocol, as events: the mix of a marketplace that has been used for a while. Files on
// IPFS are left out (their CIDs are empty), so this is the chain's part of what the index reads.
import { type Address, zeroAddress, zeroHash } from 'viem';
import { type Log, logEncoder } from './log.ts';
import { addressOf, hashOf, seeded } from './random.ts';

/** What the history is made of, for 100,000 events. */
export const sizes = {
  operators: 20,
  accounts: 3_000,
  datanets: 100,
  contributions: 3_000,
  models: 10_000,
  proposals: 1_000,
  ballots: 8, // of each proposal
  batches: 4_000,
};
const OPEN = 10n ** 18n;

/** @returns at least `least` events in an order that the contracts allow: what is used was made before */
export function makeHistory(contracts: Record<string, string>, least: number): Log[] {
  const log = logEncoder(contracts);
  const random = seeded(20_261_130);
  const account = (index: number): Address => addressOf(`account ${index}`);
  const anyAccount = () => account(random.skewed(sizes.accounts));
  const operator = (index: number): Address => addressOf(`operator ${index}`);
  const anyOperator = () => operator(random.skewed(sizes.operators));
  const logs: Log[] = [];
  const push = (...args: Parameters<typeof log>) => logs.push(log(...args));

  const transfer = (from: Address, to: Address, value: bigint) => push('OpenToken', 'Transfer', { from, to, value });

  function begin(): void {
    const fees = { protocolFeeBps: 500, burnBps: 5_000, contributorCapBps: 4_000, verbatimBps: 2_000, retrievalBps: 3_000 };
    push('FeePolicy', 'FeeSet', { feeVersion: 1, ...fees, fidelityFloorBps: 5_000, effectiveAt: 1n, actor: account(0) });
    for (let index = 0; index < sizes.accounts; index++) transfer(zeroAddress, account(index), 1_000n * OPEN);
    for (let index = 0; index < sizes.operators; index++) {
      const at = { operator: operator(index) };
      push('OperatorRegistry', 'OperatorRegistered', {
        ...at,
        signer: at.operator,
        endpoint: `https://o${index}.example`,
        metadataCid: '',
      });
      push('OperatorRegistry', 'Staked', { ...at, actor: at.operator, amount: 10_000n * OPEN, stake: 10_000n * OPEN });
    }
    for (let index = 1; index <= sizes.datanets; index++) addDatanet(index);
  }

  function addDatanet(datanetId: number): void {
    push('DatanetRegistry', 'DatanetCreated', {
      ...{ datanetId, provider: anyAccount(), reviewPolicy: contracts.NamedReviewers, pool: addressOf(`pool ${datanetId}`) },
      ...{ policy: 0, retrievalAllowed: random.chance(0.5), bond: OPEN, name: `Datanet ${datanetId}`, domain: 'law' },
      ...{ licence: 'CC-BY-4.0', metadataCid: '' },
    });
  }

  function contribute(contributionId: number): void {
    const datanetId = 1 + random.skewed(sizes.datanets);
    const contributor = anyAccount();
    const records = 10 + random.below(200);
    const at = { contributionId, datanetId };
    push('DatanetRegistry', 'ContributionCommitted', {
      ...at,
      contributor,
      commitment: hashOf(`c${contributionId}`),
      bond: OPEN,
    });
    const file = { cid: '', recordsRoot: hashOf(`r${contributionId}`), records, bytesSize: records * 900 };
    push('DatanetRegistry', 'ContributionRevealed', { ...at, contributor, ...file });
    const reviewed = { ...at, reviewer: anyAccount(), contributor };
    if (random.chance(0.8)) push('DatanetRegistry', 'ContributionAccepted', { ...reviewed, records, score: 8_000, note: '' });
    else push('DatanetRegistry', 'ContributionRejected', { ...reviewed, reason: 1, slashed: OPEN / 2n, evidenceCid: '' });
  }

  function addModel(modelId: number): void {
    const developer = anyAccount();
    push('ModelRegistry', 'Transfer', { from: zeroAddress, to: developer, tokenId: BigInt(modelId) });
    push('ModelRegistry', 'ModelCreated', { modelId, developer, name: `Model ${modelId} of ${random.below(50)}`, cardCid: '' });
    push('ModelRegistry', 'TermsSet', {
      ...{ modelId, termsVersion: 1, developer, operatorBps: 3_000, developerBps: 3_000, parentsBps: 0, backersBps: 0 },
      ...{ contributorsBps: 4_000, parents: zeroAddress, backers: zeroAddress, promptPrice: 10n ** 12n },
      ...{ completionPrice: BigInt(1 + random.below(100)) * 10n ** 12n, retrievalPrice: 0n, agentStepPrice: 0n },
    });
    push('ModelRegistry', 'ReleaseAdded', {
      ...{ modelId, releaseIndex: 0, releaseHash: hashOf(`release ${modelId}`), actor: developer, jobId: 0 },
      ...{ baseModel: hashOf('base'), adaptersHash: hashOf(`a${modelId}`), trainingLogRoot: zeroHash, indexRoot: zeroHash },
      ...{ indexRows: 240, k: 1_024, nullThreshold: 100, manifestCid: '' },
    });
    push('ModelRegistry', 'ModelListed', { modelId, developer, listed: true });
  }

  function decide(index: number): void {
    const proposalId = BigInt(hashOf(`proposal ${index}`));
    const proposer = anyAccount();
    const governor = random.chance(0.9) ? 'TreasuryGovernor' : 'UpgradesGovernor';
    const times = { voteStart: BigInt(index), voteEnd: BigInt(index + 90) };
    const plan = { targets: [contracts.Treasury], values: [0n], signatures: [''], calldatas: ['0x'] };
    const description = `# Proposal ${index}\n\nPays for ${random.below(40)} weeks of work.`;
    push(governor, 'ProposalCreated', { proposalId, proposer, ...plan, ...times, description }, 'OpenGovernor');
    const kind = hashOf(governor);
    push(governor, 'ProposalOpened', { proposalId, proposer, kind, ...times, quorum: OPEN / 25n }, 'OpenGovernor');
    const voters = new Set(Array.from({ length: sizes.ballots }, anyAccount));
    for (const voter of voters) {
      const [support, contribution, capital] = [random.below(3), BigInt(random.below(10 ** 6)) * 10n ** 9n, 10n ** 14n];
      push(governor, 'VoteParts', { proposalId, voter, support, contribution, capital }, 'OpenGovernor');
      push(
        governor,
        'VoteCast',
        { voter, proposalId, support, weight: contribution + capital, reason: 'Because.' },
        'OpenGovernor',
      );
    }
  }

  const settled = new Map<Address, { batches: number; rewards: bigint }>();
  function settle(): void {
    const at = anyOperator();
    const before = settled.get(at) ?? { batches: 0, rewards: 0n };
    const [batchIndex, collected] = [before.batches + 1, BigInt(1 + random.below(500)) * 10n ** 15n];
    const protocolFee = collected / 20n;
    const net = collected - protocolFee;
    const header = { operator: at, batchIndex, headerHash: hashOf(`${at} ${batchIndex}`) };
    const rewards = before.rewards + net;
    settled.set(at, { batches: batchIndex, rewards });
    push('Settlement', 'BatchSettled', {
      ...{
        ...header,
        bodyHash: hashOf(`body ${at} ${batchIndex}`),
        receipts: 1 + random.below(1_024),
        collected,
        allocated: net,
      },
      ...{ protocolFee, feeVersion: 1, dayIndex: 1, receiptsRoot: zeroHash, allocationsRoot: zeroHash, rewardsRoot: zeroHash },
      ...{ rewardsAmount: rewards, rewardsWeight: rewards, finalAt: 2n ** 40n, dataCommitment: '0x' },
    });
    const burned = protocolFee / 2n;
    push('Settlement', 'BatchFinalized', { ...header, net, burned, toTreasury: protocolFee - burned, actor: at });
    const live = { rewardsRoot: zeroHash, amount: rewards, weight: rewards, funded: rewards };
    push('RewardPool', 'RewardsActivated', { operator: at, batchIndex, ...live });
  }

  const escrow = contracts.PaymentEscrow as Address;
  /** What goes on between the rest: deposits, claims, votes that are claimed, OPEN that moves. */
  function liveOn(): void {
    const who = anyAccount();
    const amount = BigInt(1 + random.below(1_000)) * 10n ** 15n;
    const at = { operator: anyOperator() };
    const kind = random.below(4);
    if (kind === 0) {
      transfer(who, escrow, amount);
      push('PaymentEscrow', 'Deposited', { payer: who, ...at, actor: who, amount, balance: amount });
    } else if (kind === 1) {
      transfer(contracts.RewardPool as Address, who, amount);
      push('RewardPool', 'RewardClaimed', { ...at, account: who, amount, cumulative: amount, actor: who });
    } else if (kind === 2) {
      push('ContributionVotes', 'VotesMinted', { account: who, weight: amount, total: amount });
      push('RewardPool', 'VotesClaimed', { ...at, account: who, weight: amount, cumulative: amount, actor: who });
    } else transfer(who, anyAccount(), amount);
  }

  begin();
  const steps = sizes.models; // what there is less of is spread evenly among the models
  let [contributions, proposals, batches] = [0, 0, 0];
  for (let step = 1; step <= steps; step++) {
    addModel(step);
    while (contributions < (sizes.contributions * step) / steps) contribute(++contributions);
    while (proposals < (sizes.proposals * step) / steps) decide(++proposals);
    for (; batches < (sizes.batches * step) / steps; batches++) settle();
    while (logs.length < (least * step) / steps) liveOn();
  }
  return logs;
}
