import { styleText } from 'node:util';

const began = Date.now();
const clock = () => {
  const seconds = Math.round((Date.now() - began) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
};

/** One line of progress, with the time since the start. */
export function say(line: string): void {
  console.log(`${styleText('dim', clock())}  ${line}`);
}

/** Runs a step and says how long it took; the line names what happens while it runs. */
export async function step<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const start = Date.now();
  say(`${what} …`);
  const beat = setInterval(() => say(`${what} … ${Math.round((Date.now() - start) / 1000)} s so far`), 15_000);
  try {
    const result = await work();
    say(`${styleText('green', '✓')} ${what} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
    return result;
  } finally {
    clearInterval(beat);
  }
}
