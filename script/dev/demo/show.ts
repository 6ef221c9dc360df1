// How the demonstration speaks: steps, lines, tables, waiting.
import { setTimeout as sleep } from 'node:timers/promises';
import { styleText } from 'node:util';
import { formatUnits } from 'viem';
import { say } from '../progress.ts';

export { say };

export function title(text: string): void {
  console.log();
  say(styleText('bold', text));
}

/** OPEN wei as people read it, with `digits` after the point. */
export function open(amount: bigint, digits = 6): string {
  const [whole = '0', fraction = ''] = formatUnits(amount, 18).split('.');
  return digits === 0 ? `${whole} OPEN` : `${whole}.${fraction.padEnd(digits, '0').slice(0, digits)} OPEN`;
}

export function percent(part: bigint, whole: bigint): string {
  return whole === 0n ? '0.0 %' : `${(Number((part * 1_000_000n) / whole) / 10_000).toFixed(1)} %`;
}

/** Something that had to hold. The sentence is printed when it does, thrown when it does not. */
export function mustHold(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`This had to hold and does not: ${sentence}`);
  say(`  ${styleText('green', '✓')} ${sentence}`);
}

/** Seconds between two lines about the same wait. */
const patience = 10;

/**
 * Asks `look` until it gives something, saying now and then what is waited for and how long still.
 * Throws when `seconds` have passed.
 */
export async function waitFor<T>(what: string, seconds: number, look: () => Promise<T | undefined>): Promise<T> {
  const began = Date.now();
  let told = began;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    const elapsed = (Date.now() - began) / 1000;
    if (elapsed > seconds) throw new Error(`Waited ${Math.round(seconds)} s for ${what}, in vain: see the logs of the stack.`);
    if (Date.now() - told >= patience * 1000) {
      told = Date.now();
      say(`  waiting for ${what}: ${Math.round(elapsed)} s so far, at most ${Math.max(1, Math.round(seconds - elapsed))} s more`);
    }
    await sleep(500);
  }
}

/** Waits until the chain's clock has reached `time`, saying now and then how long still. */
export async function waitUntil(what: string, time: number, now: () => Promise<number>): Promise<void> {
  let told = Date.now();
  for (let left = time - (await now()); left > 0; left = time - (await now())) {
    if (Date.now() - told >= patience * 1000) {
      told = Date.now();
      say(`  waiting for ${what}: ${left} s left`);
    }
    await sleep(500);
  }
}

/** Rows under their headings; columns named in `right` are aligned right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = []): void {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ');
  console.log(`\n  ${styleText('bold', line(headings))}`);
  console.log(`  ${widths.map((width) => '─'.repeat(width)).join('  ')}`);
  for (const row of rows) console.log(`  ${line(row)}`);
  console.log();
}
