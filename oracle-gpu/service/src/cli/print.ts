import { styleText } from 'node:util';
import type { Check } from '@openledger/sdk';
import type { Report } from '../watchtower/examine.ts';

const marks = {
  passed: styleText('green', 'passed '),
  failed: styleText('red', 'FAILED '),
  skipped: styleText('dim', 'skipped'),
};

/** Checks as a table: name, verdict, sentence. */
export function checksTable(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks.map(({ name, status, sentence }) => `${name.padEnd(width)}  ${marks[status]}  ${sentence}`).join('\n');
}

/** How many checks came out how, as one clause. */
export function countChecks(checks: readonly Check[]): string {
  const count = (status: Check['status']): number => checks.filter((check) => check.status === status).length;
  const skipped = count('skipped');
  const failed = count('failed');
  return [
    `${count('passed')} of ${checks.length} checks passed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} could not be made`] : []),
  ].join(', ');
}

/** One line about a batch: what was checked, what was found, how long it took. */
export function reportLine({ operator, batchIndex, receipts, checks, faults, seconds }: Report): string {
  const about = `Batch ${batchIndex} of ${operator} (${receipts} receipts): ${countChecks(checks)} in ${seconds.toFixed(2)} s`;
  if (faults.length === 0) return `${about}.`;
  const failed = checks.filter(({ status }) => status === 'failed');
  const reasons = failed.map(({ name, sentence }) => `${name}: ${sentence}`).join(' ');
  return `${about}. ${styleText('red', `FAULT: ${faults.join('; ')}.`)} ${reasons}`;
}
