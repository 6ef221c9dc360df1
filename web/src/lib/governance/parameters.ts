import { feePolicyAbi, juryAbi, votingPowerAbi } from '@openledger/sdk';
import { encodeFunctionData } from 'viem';
import type { App } from '#lib/shell/app.svelte.ts';
import type { Call, FeeSplit } from './effects.ts';

export const feeFields = [
  'protocolFeeBps',
  'burnBps',
  'contributorCapBps',
  'verbatimBps',
  'retrievalBps',
  'fidelityFloorBps',
] as const satisfies (keyof FeeSplit)[];

export type ParameterName = (typeof feeFields)[number] | 'votesFloor' | 'sampleRateBps';

/** A value that a vote may set, and the range that the chain holds it to. Basis points, or units of vote weight. */
export type Parameter = { name: ParameterName; unit: 'bps' | 'weight'; current: bigint; least: bigint; most: bigint };

type Reads = Pick<App, 'chain' | 'address'>;

/** All parameters with their present values and ranges, from the contracts. Fees: of the latest version, which the next replaces. */
export async function readParameters({ chain, address }: Reads): Promise<Parameter[]> {
  const fees = { address: address('FeePolicy'), abi: feePolicyAbi } as const;
  const power = { address: address('VotingPower'), abi: votingPowerAbi } as const;
  const jury = { address: address('Jury'), abi: juryAbi } as const;
  const limit = (
    functionName:
      | 'MAX_PROTOCOL_FEE_BPS'
      | 'MAX_BPS'
      | 'MIN_CONTRIBUTOR_CAP_BPS'
      | 'MAX_VERBATIM_BPS'
      | 'MAX_RETRIEVAL_BPS'
      | 'MIN_FIDELITY_FLOOR_BPS',
  ) => chain.readContract({ ...fees, functionName }).then(BigInt);
  const [
    version,
    floor,
    [leastFloor, mostFloor],
    rate,
    mostRate,
    mostFee,
    whole,
    leastCap,
    mostVerbatim,
    mostRetrieval,
    leastFidelity,
  ] = await Promise.all([
    chain.readContract({ ...fees, functionName: 'latestVersion' }),
    chain.readContract({ ...power, functionName: 'floor' }),
    chain.readContract({ ...power, functionName: 'floorRange' }),
    chain.readContract({ ...jury, functionName: 'sampleRateBps' }),
    chain.readContract({ ...jury, functionName: 'MAX_SAMPLE_BPS' }),
    limit('MAX_PROTOCOL_FEE_BPS'),
    limit('MAX_BPS'),
    limit('MIN_CONTRIBUTOR_CAP_BPS'),
    limit('MAX_VERBATIM_BPS'),
    limit('MAX_RETRIEVAL_BPS'),
    limit('MIN_FIDELITY_FLOOR_BPS'),
  ]);
  const fee = await chain.readContract({ ...fees, functionName: 'fee', args: [version] });
  const ranges: Record<keyof FeeSplit, [bigint, bigint]> = {
    protocolFeeBps: [0n, mostFee],
    burnBps: [0n, whole],
    contributorCapBps: [leastCap, whole],
    verbatimBps: [0n, mostVerbatim],
    retrievalBps: [0n, mostRetrieval],
    fidelityFloorBps: [leastFidelity, whole],
  };
  return [
    ...feeFields.map((name): Parameter => {
      const [least, most] = ranges[name];
      return { name, unit: 'bps', current: BigInt(fee[name]), least, most };
    }),
    { name: 'votesFloor', unit: 'weight', current: floor, least: leastFloor, most: mostFloor },
    { name: 'sampleRateBps', unit: 'bps', current: BigInt(rate), least: 0n, most: BigInt(mostRate) },
  ];
}

/** What a person typed for a parameter: percent with two decimals for basis points, a whole number else. */
export function parseParameter({ unit }: Pick<Parameter, 'unit'>, text: string): bigint | undefined {
  const clean = text.trim().replace(/,/g, '');
  if (unit === 'weight') return /^\d{1,60}$/.test(clean) ? BigInt(clean) : undefined;
  const percent = /^(\d{1,5})(?:\.(\d{1,2}))?$/.exec(clean.replace(/\s*%$/, ''));
  return percent ? BigInt(percent[1] ?? 0) * 100n + BigInt((percent[2] ?? '').padEnd(2, '0')) : undefined;
}

export function isInRange({ least, most }: Parameter, value: bigint): boolean {
  return value >= least && value <= most;
}

type Wanted = Partial<Record<ParameterName, bigint>>;

/** Calls that set what differs from now. All fees are one call, since they are one version. */
export function parameterCalls(address: App['address'], parameters: readonly Parameter[], wanted: Wanted): Call[] {
  const changed = parameters.filter(({ name, current }) => wanted[name] !== undefined && wanted[name] !== current);
  const wantedOf = (name: ParameterName) => wanted[name] ?? parameters.find((one) => one.name === name)?.current ?? 0n;
  const calls: Call[] = [];
  if (changed.some(({ name }) => (feeFields as readonly string[]).includes(name))) {
    const split = Object.fromEntries(feeFields.map((name) => [name, Number(wantedOf(name))])) as FeeSplit;
    calls.push(callOf(address('FeePolicy'), encodeFunctionData({ abi: feePolicyAbi, functionName: 'setFee', args: [split] })));
  }
  if (changed.some(({ name }) => name === 'votesFloor'))
    calls.push(
      callOf(
        address('VotingPower'),
        encodeFunctionData({ abi: votingPowerAbi, functionName: 'setFloor', args: [wantedOf('votesFloor')] }),
      ),
    );
  if (changed.some(({ name }) => name === 'sampleRateBps'))
    calls.push(
      callOf(
        address('Jury'),
        encodeFunctionData({ abi: juryAbi, functionName: 'setSampleRate', args: [Number(wantedOf('sampleRateBps'))] }),
      ),
    );
  return calls;
}

const callOf = (target: Call['target'], data: Call['data']): Call => ({ target, data, value: 0n });
