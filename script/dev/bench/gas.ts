// `npm run bench -- gas`: what settling, claiming and proving cost as whole transactions in steady state, behind proxies,
// base cost and calldata included (contracts/test/gas, which also writes snapshots/settlement.json).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deployable } from '../bootstrap/steps.mjs';
import { root, tools } from '../config.ts';
import { runCommand } from '../deployment.ts';
import { type Measure, report } from './measure.ts';

/** The design's goals; what has none is published without a verdict. */
const goals: Record<string, string> = {
  per_call_1024_16: '<=400',
  calldata_bytes_per_call_1024_16: '<=5',
  per_further_channel: '<=17500',
  claim_depth_20: '<=65000',
  claim_votes_depth_20: '<=150000',
  proof_false_score_4096: '<=1500000',
  proof_omitted_record_4096: '<=1500000',
};

console.log('Measures the gas of settling, claiming and proving; compiling takes a minute or two.');
await runCommand(tools.forge, ['build', ...deployable]);
await runCommand(tools.forge, ['test', '--match-path', 'contracts/test/gas/*'], { FOUNDRY_PROFILE: 'tests' });
const snapshots: Record<string, string> = JSON.parse(readFileSync(join(root, 'snapshots/settlement.json'), 'utf8'));
const gasOf = (name: string) => {
  const value = Number(snapshots[name]);
  if (!(value > 0)) throw new Error(`snapshots/settlement.json has no ${name}: run the tests in contracts/test/gas.`);
  return value;
};
const rounded = (value: number) => Math.round(value * 10) / 10;

/** Sizes of batches, as calls on channels. */
const sizes = [
  [1, 1],
  [64, 1],
  [64, 16],
  [64, 64],
  [1_024, 16],
  [1_024, 64],
] as const;
const perCall: Measure[] = sizes.flatMap(([calls, channels]) => {
  const name = `settle_${calls}_${channels}`;
  const measure = `${calls} calls on ${channels} channels, per call`;
  return [
    { bench: 'gas', measure, value: rounded(gasOf(name) / calls), unit: 'gas' },
    { bench: 'gas', measure, value: rounded(gasOf(`${name}_calldata_bytes`) / calls), unit: 'bytes' },
  ];
});

/** What a call costs otherwise, in gas. */
const batched = gasOf('settle_1024_16') / 1_024;
const alternatives: Measure[] = (
  [
    ['a transfer (EIP-3009) per call', gasOf('alternative_transfer_per_call')],
    ['a batch per call', gasOf('settle_1_1')],
    ['a row per call, 64 in a transaction', gasOf('alternative_rows_64') / 64],
    ['a row per call, 1,024 in a transaction', gasOf('alternative_rows_1024') / 1_024],
  ] as const
).flatMap(([measure, value]) => [
  { bench: 'gas', measure: `instead: ${measure}`, value: rounded(value), unit: 'gas' },
  { bench: 'gas', measure: `${measure} ÷ 1,024 calls on 16 channels`, value: rounded(value / batched), unit: '×' },
]);

report([
  ...Object.entries(snapshots).map(([measure, value]) => ({
    bench: 'gas',
    measure,
    value: Number(value),
    unit: measure.includes('calldata_bytes') ? 'bytes' : 'gas',
    ...(goals[measure] ? { goal: goals[measure] } : {}),
  })),
  ...perCall,
  ...alternatives,
]);
