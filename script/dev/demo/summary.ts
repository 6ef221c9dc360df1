import { allocateBundle, recordId } from '@openledger/sdk';
import { type DevName, devNames } from '@openledger/sdk/dev';
import { type Address, isAddressEqual } from 'viem';
import { mustHold, open, percent, say, table } from './show.ts';
import { addressOf, type Stage } from './stage.ts';
import { contributors, type DatanetResult } from './steps/1-datanet.ts';
import type { AskResult } from './steps/3-ask.ts';
import type { SettleResult } from './steps/4-settle.ts';
import type { GovernResult } from './steps/5-govern.ts';

/** The closing tables: who got what for which records, to the wei, and who decides. */
export async function summarise(
  stage: Stage,
  {
    datanet,
    asked,
    settled,
    governed,
  }: { datanet: DatanetResult; asked: AskResult; settled: SettleResult; governed: GovernResult },
): Promise<void> {
  showRecords(datanet, asked);
  await showMoney(stage, datanet, asked, settled);
  showPower(governed);
}

const nameOf = (account: Address): DevName | undefined => devNames.find((name) => isAddressEqual(addressOf(name), account));

/** What each record earned over the six answers; the smallest are added up. */
function showRecords({ contributions }: DatanetResult, { answers }: AskResult): void {
  const titles = new Map(
    contributions.flatMap(({ records }) => records.map((record) => [recordId(record), record.source.title] as const)),
  );
  const earned = new Map<string, { owner: string; title: string; amount: bigint; answers: number }>();
  for (const { bundle } of answers) {
    for (const { recordId: id, contributor, paid } of allocateBundle(bundle).parts.clusters) {
      const entry = earned.get(id) ?? {
        owner: nameOf(contributor) ?? contributor,
        title: titles.get(id) ?? id,
        amount: 0n,
        answers: 0,
      };
      earned.set(id, { ...entry, amount: entry.amount + paid, answers: entry.answers + 1 });
    }
  }
  const rows = [...earned.values()].sort((a, b) => (a.amount < b.amount ? 1 : -1));
  const shown = rows.slice(0, 12);
  const rest = rows.slice(shown.length);
  say(`for which records (${rows.length} had a part in ${answers.length} answers)`);
  table(
    ['record', 'contributor', 'answers', 'wei'],
    [
      ...shown.map(({ title, owner, amount, answers: count }) => [title, owner, String(count), String(amount)]),
      ...(rest.length > 0 ? [[`${rest.length} more`, '', '', String(rest.reduce((sum, { amount }) => sum + amount, 0n))]] : []),
    ],
    [2, 3],
  );
}

async function showMoney(
  { chain, contracts }: Stage,
  { datanetId }: DatanetResult,
  { answers }: AskResult,
  { batches }: SettleResult,
): Promise<void> {
  const { pool } = await chain.readContract({ ...contracts.datanets, functionName: 'datanet', args: [datanetId] });
  const got = new Map<string, bigint>();
  let protocolFee = 0n;
  let fees = 0n;
  for (const { bundle } of answers) {
    fees += bundle.receipt.fee;
    protocolFee += allocateBundle(bundle).protocolFee;
    for (const { account, amount } of bundle.allocations)
      got.set(account.toLowerCase(), (got.get(account.toLowerCase()) ?? 0n) + amount);
  }
  const { burnBps } = answers[0]?.bundle.fee ?? { burnBps: 0 };
  const burned = (protocolFee * BigInt(burnBps)) / 10_000n;
  const roleOf = (account: Address): [string, string] => {
    if (isAddressEqual(account, pool)) return [`pool of datanet ${datanetId}`, 'what no record explains'];
    const name = nameOf(account) ?? account;
    const domain = Object.entries(contributors).find(([, contributor]) => contributor === name)?.[0];
    if (domain) return [name, `contributor (${domain})`];
    return [name, { proposer: 'developer', operator: 'operator', caller: 'payer', reviewer: 'reviewer' }[name as string] ?? ''];
  };
  const rows = [...got]
    .filter(([, amount]) => amount > 0n)
    .map(([account, amount]) => ({ who: roleOf(account as Address), amount }));
  rows.sort((a, b) => (a.amount < b.amount ? 1 : -1));
  const all = [
    ...rows,
    { who: ['treasury', 'protocol'], amount: protocolFee - burned },
    { who: ['burned', 'protocol'], amount: burned },
  ];
  say(`who got what for ${answers.length} answers that cost ${open(fees)}`);
  table(
    ['who', 'as', 'share', 'wei'],
    [
      ...all.map(({ who: [name = '', role = ''], amount }) => [name, role, percent(amount, fees), String(amount)]),
      ['sum', '', '', String(all.reduce((sum, { amount }) => sum + amount, 0n))],
    ],
    [2, 3],
  );
  mustHold(
    all.reduce((sum, { amount }) => sum + amount, 0n) === fees,
    `the parts sum to the ${fees} wei that the caller paid, exactly`,
  );
  const settledFees = batches
    .flatMap(({ file }) => file.receipts)
    .filter(({ receipt }) => answers.some(({ bundle }) => bundle.receipt.channel === receipt.channel));
  mustHold(
    settledFees.reduce((sum, { receipt }) => sum + receipt.fee, 0n) === fees,
    'and the chain collected just that from the caller’s channel',
  );
}

function showPower({ powers }: GovernResult): void {
  const whole = 10n ** 18n;
  say('who decides: share of all power at the time of the vote');
  table(
    ['domain', 'who', 'by contribution', 'by capital', 'together'],
    powers.map(({ domain, name, contribution, capital }) => [
      domain,
      name,
      percent(contribution, whole),
      percent(capital, whole),
      percent(contribution + capital, whole),
    ]),
    [2, 3, 4],
  );
}
