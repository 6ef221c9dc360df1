import { styleText } from 'node:util';

/** One figure of a benchmark. `goal` reads like "<=400"; without one the figure is published, not judged. */
export interface Measure {
  bench: string;
  measure: string;
  value: number;
  unit: string;
  goal?: string;
}

const meets = (value: number, goal: string) => {
  const [, sign, bound] = /^(<=|>=)\s*([\d.]+)$/.exec(goal) ?? [];
  if (!sign) throw new Error(`A goal reads like "<=400", not "${goal}".`);
  return sign === '<=' ? value <= Number(bound) : value >= Number(bound);
};

/** Prints a table for people and then one line of JSON per measure. */
export function report(measures: Measure[]): void {
  const judged = measures.map((measure) => ({ ...measure, ok: measure.goal ? meets(measure.value, measure.goal) : null }));
  const width = Math.max(...judged.map(({ measure }) => measure.length));
  for (const { measure, value, unit, goal, ok } of judged) {
    const verdict = ok === null ? '' : ok ? styleText('green', `meets ${goal}`) : styleText('red', `misses ${goal}`);
    console.log(`${measure.padEnd(width)}  ${String(value).padStart(12)} ${unit.padEnd(8)} ${verdict}`);
  }
  for (const measure of judged) console.log(JSON.stringify(measure));
}
