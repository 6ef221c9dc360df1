// Calibrations of the engine's double: losses that its scores foretell up to noise, and the number that follows from them.
import { type Calibration, canonicalJson, halfSubset, int8Dot, int8ToHex, measureFidelity } from '@openledger/sdk';
import { type Hex, keccak256, toBytes } from 'viem';

type Trained = { adapter: Hex; rows: { recordId: Hex; tokensRoot: Hex }[]; components: Int8Array };
type Behaviour = { lieBps: number; failCalibration: string | undefined; stepDelayMs: number };
export type CalibrationJob = { data: Buffer; state: () => object };

const questionCount = 16;

/** A calibration of a trained job; done after `runs` steps of the double's delay. */
export function calibrate(id: string, job: Trained, runs: number, behaviour: Behaviour): CalibrationJob {
  const records = job.rows.length;
  const k = job.components.length / records;
  const questions = Array.from({ length: questionCount }, (_, place) => {
    const query = Int8Array.from({ length: k }, (_, at) => ((place * 31 + at * 17) % 100) - 20);
    const scores = job.rows.map((_, position) => int8Dot(query, job.components.subarray(position * k, (position + 1) * k)));
    const { recordId, tokensRoot } = job.rows[place % records] as { recordId: Hex; tokensRoot: Hex };
    return { recordId, tokens: 9, tokensRoot, query: int8ToHex(query), scores };
  });
  const losses = Array.from({ length: runs }, (_, run) => {
    const taken = halfSubset(job.adapter, run, records);
    return questions.map(({ scores }, place) => {
      const foretold = taken.reduce((sum, position) => sum + (scores[position] ?? 0), 0);
      return 90_000_000 - foretold + ((run * 7_919 + place * 104_729) % 40_000);
    });
  });
  const data: Calibration = {
    version: 1,
    adapter: job.adapter,
    records,
    k,
    projectionHash: job.adapter,
    epochs: 1,
    questions,
    losses,
  };
  const bytes = toBytes(canonicalJson(data));
  const { ldsBps, lowBps, highBps } = measureFidelity(data);
  const begun = Date.now();
  return {
    data: Buffer.from(bytes),
    state: () => {
      const step = behaviour.stepDelayMs === 0 ? runs : Math.min(runs, Math.floor((Date.now() - begun) / behaviour.stepDelayMs));
      if (behaviour.failCalibration)
        return { id, status: 'failed', step, steps: runs, error: { message: behaviour.failCalibration } };
      if (step < runs) return { id, status: 'running', step, steps: runs };
      const result = {
        adapter: job.adapter,
        ldsBps: ldsBps + behaviour.lieBps,
        lowBps,
        highBps,
        runs,
        dataHash: keccak256(bytes),
      };
      return { id, status: 'done', step, steps: runs, result };
    },
  };
}
