import { exp2Day } from '../allocation/inflation.ts';

/** inflation.json: exp2 of the first 800 days, then of every 73rd day for twenty years. Format: generate.ts. */
export function inflationVectors() {
  const day = [
    ...Array.from({ length: 800 }, (_, index) => index),
    ...Array.from({ length: 90 }, (_, index) => 803 + 73 * index),
  ];
  return { day, exp2: day.map((each) => exp2Day(each).toString()) };
}
