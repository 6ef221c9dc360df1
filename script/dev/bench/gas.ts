// `npm run bench -- gas`: what settling, claiming and proving cost as whole transactions in steady state, behind proxies,
// base cost and calldata included (contracts/test/gas, which also writes snapshots/settlement.json).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, tools } from '../config.ts';
import { runCommand } from '../deployment.ts';
import { report } from './measure.ts';

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
await runCommand(tools.forge, ['test', '--match-path', 'contracts/test/gas/*']);
const snapshots: Record<string, string> = JSON.parse(readFileSync(join(root, 'snapshots/settlement.json'), 'utf8'));
report(
  Object.entries(snapshots).map(([measure, value]) => ({
    bench: 'gas',
    measure,
    value: Number(value),
    unit: measure.includes('calldata_bytes') ? 'bytes' : 'gas',
    ...(goals[measure] ? { goal: goals[measure] } : {}),
  })),
);
