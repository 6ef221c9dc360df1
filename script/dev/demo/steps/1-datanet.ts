import { randomBytes } from 'node:crypto';
import {
  contributionCommitment,
  OpenLedgerError,
  parseJsonl,
  recordsRoot,
  type TrainingRecord,
  versionTree,
} from '@openledger/sdk';
import type { DevName } from '@openledger/sdk/dev';
import { type Hex, parseEventLogs, toHex } from 'viem';
import { copyWithSpacesChanged, type Domain, domains, extractRecords, toJsonl } from '../extract.ts';
import { mustHold, open, percent, say, waitFor } from '../show.ts';
import { addressOf, type Stage } from '../stage.ts';

/** Who contributes which folder of OpenZeppelin's contracts. */
export const contributors: Record<Domain, DevName> = { token: 'alice', access: 'bob', governance: 'carol' };

const bond = 10n * 10n ** 18n;
const policyOpen = 0;
const redundant = 1; // IDatanetRegistry.Rejection

/** ContributionStatus of IDatanetRegistry. */
const revealed = 2;
const accepted = 3;
const rejected = 4;

export type Contributed = { contributionId: number; contributor: DevName; records: TrainingRecord[]; root: Hex };
export type DatanetResult = { datanetId: number; version: number; root: Hex; contributions: Contributed[]; rejectedId: number };

/** Step 1: a datanet is created, filled by three people, reviewed and published; a copy is rejected. */
export async function fillDatanet(stage: Stage): Promise<DatanetResult> {
  const datanetId = await createDatanet(stage);
  const records = extractRecords();
  const contributions: Contributed[] = [];
  for (const domain of domains) contributions.push(await contribute(stage, datanetId, contributors[domain], records[domain]));
  const copy = await contribute(stage, datanetId, 'mallory', copyWithSpacesChanged(records.token));

  for (const contribution of contributions) await reviewAndAccept(stage, contribution);
  await reviewAndReject(stage, copy);
  const { version, root } = await publish(stage, datanetId, contributions);
  return { datanetId, version, root, contributions, rejectedId: copy.contributionId };
}

async function createDatanet({ contracts, gateway, transact }: Stage): Promise<number> {
  const { cid } = await gateway.uploadDocument({
    name: 'Solidity',
    description: 'What the functions, events and errors of well-known contracts do, in the words of their authors.',
    language: 'en',
  });
  const receipt = await transact('provider', contracts.datanets, 'create', [
    policyOpen,
    true,
    bond,
    contracts.reviewers.address,
    'Solidity',
    'Smart contracts',
    'MIT',
    cid,
  ]);
  const [created] = parseEventLogs({ abi: contracts.datanets.abi, eventName: 'DatanetCreated', logs: receipt.logs });
  if (!created) throw new Error('The registry told of no new datanet.');
  const { datanetId } = created.args;
  await transact('provider', contracts.reviewers, 'setReviewer', [datanetId, addressOf('reviewer'), true]);
  say(`provider creates datanet ${datanetId} "Solidity" and names its reviewer; a contribution needs a bond of ${open(bond, 0)}`);
  return datanetId;
}

/** Uploads a file, commits to it with a bond and reveals it in a later block. */
async function contribute(stage: Stage, datanetId: number, who: DevName, records: TrainingRecord[]): Promise<Contributed> {
  const { chain, contracts, gateway, transact } = stage;
  const file = await gateway.uploadRecords(toJsonl(records));
  if (file.recordsRoot !== recordsRoot(file.recordIds))
    throw new Error('The service computes another records root than the SDK.');

  const salt = toHex(randomBytes(32));
  await transact(who, contracts.token, 'approve', [contracts.datanets.address, bond]);
  const committed = await transact(who, contracts.datanets, 'commit', [
    datanetId,
    contributionCommitment(file.recordsRoot, salt, addressOf(who)),
  ]);
  const [event] = parseEventLogs({ abi: contracts.datanets.abi, eventName: 'ContributionCommitted', logs: committed.logs });
  if (!event) throw new Error('The registry told of no commitment.');
  const { contributionId } = event.args;
  await waitFor('the next block', 20, async () => ((await chain.getBlockNumber()) > committed.blockNumber ? true : undefined));
  await transact(who, contracts.datanets, 'reveal', [contributionId, file.recordsRoot, salt, file.cid, file.count, file.bytes]);
  say(`${who.padEnd(7)} contributes ${file.count} records (${file.bytes} bytes) as contribution ${contributionId}: ${file.cid}`);
  return { contributionId, contributor: who, records, root: file.recordsRoot };
}

/** The reviewer reads the file from IPFS, holds it against the chain and looks for copies of earlier contributions. */
async function inspect(stage: Stage, contributionId: number) {
  const { chain, contracts, gateway } = stage;
  const onChain = await chain.readContract({ ...contracts.datanets, functionName: 'contribution', args: [contributionId] });
  if (onChain.status !== revealed) throw new Error(`Contribution ${contributionId} is not under review.`);
  const logs = await chain.getContractEvents({
    ...contracts.datanets,
    eventName: 'ContributionRevealed',
    args: { contributionId },
    fromBlock: BigInt(stage.deployment.startBlock),
  });
  const { cid } = logs[0]?.args ?? {};
  if (!cid) throw new Error(`Contribution ${contributionId} names no file.`);
  const parsed = parseJsonl(await stage.readFile(cid));
  const honest =
    parsed.errors.length === 0 &&
    recordsRoot(parsed.recordIds) === onChain.recordsRoot &&
    parsed.records.length === onChain.records;
  // The service learns of a contribution a moment after the chain does.
  const duplicates = await waitFor('the comparison with earlier contributions', 60, () =>
    gateway.duplicates(contributionId).catch((error: unknown) => {
      if (error instanceof OpenLedgerError && error.status === 404) return undefined;
      throw error;
    }),
  );
  return { honest, duplicates };
}

async function reviewAndAccept(stage: Stage, { contributionId, contributor, records }: Contributed): Promise<void> {
  const { honest, duplicates } = await inspect(stage, contributionId);
  mustHold(
    honest && duplicates.duplicates.length === 0,
    `contribution ${contributionId} is what it committed to, and none of its records repeats an earlier one`,
  );
  await stage.transact('reviewer', stage.contracts.datanets, 'accept', [
    contributionId,
    9_500,
    'Read in full: correct, sourced, licensed.',
  ]);
  const { status } = await stage.chain.readContract({
    ...stage.contracts.datanets,
    functionName: 'contribution',
    args: [contributionId],
  });
  mustHold(status === accepted, `reviewer accepts the ${records.length} records of ${contributor}, whose bond returns`);
}

async function reviewAndReject(stage: Stage, { contributionId, contributor, records }: Contributed): Promise<void> {
  const { chain, contracts, gateway, transact } = stage;
  const { duplicates } = await inspect(stage, contributionId);
  mustHold(
    duplicates.duplicates.length === records.length && duplicates.duplicates.every(({ kind }) => kind !== 'exact'),
    `all ${records.length} records of ${contributor} repeat earlier ones with spaces changed, though no record id is the same`,
  );
  const { cid } = await gateway.uploadDocument(duplicates);
  await transact('reviewer', contracts.datanets, 'reject', [contributionId, redundant, cid]);
  const { status } = await chain.readContract({ ...contracts.datanets, functionName: 'contribution', args: [contributionId] });
  mustHold(
    status === rejected,
    `reviewer rejects it as redundant (${percent(BigInt(Math.round(duplicates.share * 10_000)), 10_000n)} copied) with evidence ${cid}; part of the bond is lost`,
  );
}

async function publish({ chain, contracts, gateway, transact }: Stage, datanetId: number, contributions: Contributed[]) {
  const entries = contributions.map(({ contributionId, root, records }) => ({
    contributionId,
    recordsRoot: root,
    records: records.length,
  }));
  const tree = versionTree(entries);
  const { cid } = await gateway.uploadDocument({ datanetId, root: tree.root, contributions: entries });
  const receipt = await transact('provider', contracts.datanets, 'publish', [datanetId, tree.root, cid]);
  const [event] = parseEventLogs({ abi: contracts.datanets.abi, eventName: 'VersionPublished', logs: receipt.logs });
  if (!event) throw new Error('The registry told of no version.');
  const { version, records } = event.args;
  const onChain = await chain.readContract({ ...contracts.datanets, functionName: 'versionRoot', args: [datanetId, version] });
  mustHold(
    onChain === tree.root,
    `provider publishes version ${version}: ${records} records under root ${tree.root.slice(0, 14)}…`,
  );
  return { version, root: tree.root };
}
