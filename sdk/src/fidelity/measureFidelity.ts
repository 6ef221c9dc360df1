import type { Fidelity, Measured } from './calibration.ts';
import { halfSubset } from './halfSubset.ts';
import { floorDivide, ppm, squareRoot } from './integers.ts';
import { spearman } from './spearman.ts';

/** Student's t for 95 %, two-sided, at the degrees of freedom of the fewest pairs of runs; in thousandths. */
const t95 = 2_201n;
const bpsOfOne = 10_000n;

/**
 * How well the summed scores of the records that a run was trained on order the runs by the answers' losses: Spearman's
 * correlation over the runs, averaged over the questions, with its interval. In integers, so that everyone gets the same.
 */
export function measureFidelity({ adapter, records, questions, losses }: Measured): Fidelity {
  const predicted = losses.map((_, run) => {
    const taken = halfSubset(adapter, run, records);
    return questions.map(({ scores }) => taken.reduce((sum, position) => sum + (scores[position] ?? 0), 0));
  });
  const correlations = (leftOut: number): bigint[] => {
    const kept = losses.map((_, run) => run).filter((run) => Math.floor(run / 2) !== leftOut);
    return questions.map((_, question) =>
      spearman(
        kept.map((run) => predicted[run]?.[question] ?? 0),
        kept.map((run) => -(losses[run]?.[question] ?? 0)),
      ),
    );
  };
  const found = correlations(-1);
  const total = sum(found);
  const pairs = losses.length / 2;
  const without = Array.from({ length: pairs }, (_, pair) => sum(correlations(pair)));
  const half = halfWidth(without, found);
  const count = BigInt(questions.length);
  const scale = count * (ppm / bpsOfOne);
  const low = floorDivide(total - half * count, scale);
  const high = -floorDivide(-total - half * count, scale);
  return {
    ldsBps: Number(floorDivide(total, scale)),
    lowBps: Math.max(-10_000, Number(low)),
    highBps: Math.min(10_000, Number(high)),
  };
}

/**
 * Half of the interval in ppm, from the variance of the mean: the jackknife's over pairs of runs, plus that of the mean
 * over questions.
 * @param without sums over the questions without one pair of runs each
 * @param found of each question with all runs
 */
function halfWidth(without: readonly bigint[], found: readonly bigint[]): bigint {
  const pairs = BigInt(without.length);
  const questions = BigInt(found.length);
  const a = pairs * sum(squares(without)) - sum(without) ** 2n;
  const b = questions * sum(squares(found)) - sum(found) ** 2n;
  const numerator = (pairs - 1n) * (questions - 1n) * a + pairs * pairs * b;
  const denominator = pairs * pairs * questions * questions * (questions - 1n);
  return squareRoot((t95 * t95 * numerator) / (ppm * denominator)) + 1n;
}

const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);
const squares = (values: readonly bigint[]): bigint[] => values.map((value) => value * value);
