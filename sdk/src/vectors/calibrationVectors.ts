import type { Hex } from 'viem';
import type { Fidelity } from '../fidelity/calibration.ts';
import { halfSubset } from '../fidelity/halfSubset.ts';
import { measureFidelity } from '../fidelity/measureFidelity.ts';
import { type Random, seededRandom } from './random.ts';

/** How a case's losses come about from what the scores foretell. */
const kinds = ['foretold', 'noisy', 'unrelated', 'opposite', 'tied', 'constant'] as const;
type Kind = (typeof kinds)[number];
type Case = { kind: Kind; adapter: Hex; records: number; questions: { scores: number[] }[]; losses: number[][] };

/** Calibrations of made-up numbers and what they say, by column; scores and losses one after another. */
export function calibrationVectors(): Record<string, unknown> {
  const random = seededRandom('openledger calibration vectors');
  const cases = Array.from({ length: 24 }, (_, index) => drawCase(random, kinds[index % kinds.length] ?? 'noisy'));
  const measured: Fidelity[] = cases.map(measureFidelity);
  return {
    kind: cases.map(({ kind }) => kind),
    adapter: cases.map(({ adapter }) => adapter),
    records: cases.map(({ records }) => records),
    questions: cases.map(({ questions }) => questions.length),
    runs: cases.map(({ losses }) => losses.length),
    thirdSubset: cases.map(({ adapter, records }) => halfSubset(adapter, 2, records)),
    scores: cases.flatMap(({ questions }) => questions.flatMap(({ scores }) => scores)),
    losses: cases.flatMap(({ losses }) => losses.flat()),
    ldsBps: measured.map(({ ldsBps }) => ldsBps),
    lowBps: measured.map(({ lowBps }) => lowBps),
    highBps: measured.map(({ highBps }) => highBps),
  };
}

function drawCase(random: Random, kind: Kind): Case {
  const adapter = random.bytes32();
  const records = 16 + random.below(12);
  const questions = Array.from({ length: 16 + random.below(3) }, () => ({
    scores: Array.from({ length: records }, () => random.below(2_001) - 800),
  }));
  const losses = Array.from({ length: 24 + 2 * random.below(3) }, (_, run) => {
    const taken = halfSubset(adapter, run, records);
    return questions.map(({ scores }) => {
      const sum = taken.reduce((total, position) => total + (scores[position] ?? 0), 0);
      return lossOf(kind, sum, random);
    });
  });
  return { kind, adapter, records, questions, losses };
}

function lossOf(kind: Kind, sum: number, random: Random): number {
  const noise = random.below(10_001) - 5_000;
  switch (kind) {
    case 'foretold':
      return 20_000_000 - 100 * sum;
    case 'noisy':
      return 20_000_000 - 100 * (sum + noise);
    case 'unrelated':
      return 20_000_000 + noise;
    case 'opposite':
      return 20_000_000 + 100 * (sum + noise);
    case 'tied':
      return 20_000_000 - Math.floor(sum / 3_000);
    case 'constant':
      return 20_000_000;
  }
}
