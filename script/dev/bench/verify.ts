// `npm run bench -- verify`: what checking a batch of 1,024 receipts costs one core (CPU time, not the clock's), beside
// the naive way in the same run: verifyReceipt for each of its receipts.
import { recoverSigner } from '../../../oracle-gpu/service/src/receipts/recover.ts';
import { recomputeBatch } from '../../../sdk/src/verify/recomputeBatch.ts';
import { testBatch } from '../../../sdk/src/verify/testBatch.ts';
import { testContext, testReceipt } from '../../../sdk/src/verify/testReceipt.ts';
import { verifyBatch } from '../../../sdk/src/verify/verifyBatch.ts';
import { verifyReceipt } from '../../../sdk/src/verify/verifyReceipt.ts';
import { type Measure, report } from './measure.ts';

const size = 1_024;
const rounds = 3;

/** CPU seconds of this process, the median of the rounds after one that warms up. */
async function measure(work: () => Promise<{ ok: boolean }>): Promise<number> {
  const seconds: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const before = process.cpuUsage();
    const { ok } = await work();
    const { user, system } = process.cpuUsage(before);
    if (!ok) throw new Error('An honest batch was found wrong: its benchmark says nothing.');
    if (round > 0) seconds.push((user + system) / 1e6);
  }
  return seconds.sort((a, b) => a - b)[Math.floor(rounds / 2)] as number;
}

console.log(`Signs ${size} receipts twice, then checks them ${rounds + 1} times in each way; takes a minute or two.`);
const rounded = (value: number): number => Number(value.toFixed(3));
const measures: Omit<Measure, 'bench'>[] = [];

// What an answer usually has, and the most that it may have.
for (const records of [3, 32]) {
  const { bundles, file, header, context, facts } = await testBatch(size, records);
  const { facts: receiptFacts } = await testReceipt(1, records);
  const verify = await measure(() => verifyBatch(file, header, context));
  const native = await measure(() => verifyBatch(file, header, { ...context, recover: recoverSigner }));
  const recompute = await measure(() => recomputeBatch(file, header, facts));
  const naive = await measure(async () => {
    const verified = await Promise.all(bundles.map((bundle) => verifyReceipt(bundle, { ...testContext, facts: receiptFacts })));
    return { ok: verified.every(({ ok }) => ok) };
  });
  const named = (name: string): string => `${name}_${size}_receipts_of_${records}_records`;
  measures.push(
    { measure: named('verify_batch'), value: rounded(verify), unit: 's', goal: '<=2' },
    { measure: named('verify_batch_native_signatures'), value: rounded(native), unit: 's' },
    { measure: named('recompute_batch'), value: rounded(recompute), unit: 's' },
    { measure: named('both'), value: rounded(verify + recompute), unit: 's', goal: '<=2' },
    { measure: named('each_alone'), value: rounded(naive), unit: 's' },
    { measure: named('ratio_each_alone_to_both'), value: Number((naive / (verify + recompute)).toFixed(2)), unit: 'times' },
  );
}
report(measures.map((item) => ({ bench: 'verify', ...item })));
