// Writes docs/mutations.md: every way in which the tests make an honest batch false, by the proof that it loses to.
//
//   node script/dev/docs/mutations.ts
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutations as large } from '../../../sdk/src/testing/mutations.ts';
import { root } from '../config.ts';

export type Mutation = { what: string; fault: string; file: string };

const folder = 'contracts/test/fraud';
const filed = 'oracle-gpu/service/test/proofs.test.ts';
export const page = join(root, 'docs/mutations.md');

/** Mutations that a Solidity test applies: each call of `_loses` runs one, sends its proof and expects the batch void. */
export function onChain(): Mutation[] {
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('Mutations.t.sol'));
  return files.flatMap((file) => {
    const source = readFileSync(join(root, folder, file), 'utf8');
    return [...source.matchAll(/_loses\(\s*"([^"]+)",\s*"([^"]+)"/g)].map(([, what = '', fault = '']) => ({ what, fault, file }));
  });
}

/** Mutations of whole published batches, whose proof is found from public data and sent to a real chain. */
export function found(): Mutation[] {
  const source = readFileSync(join(root, filed), 'utf8');
  const list = source.slice(source.indexOf('const lies:'), source.indexOf('\n];', source.indexOf('const lies:')));
  return [...list.matchAll(/^ {2}\[\s*'([^']+)',\s*'([^']+)'/gm)].map(([, what = '', fault = '']) => ({
    what,
    fault,
    file: 'proofs.test.ts',
  }));
}

/** Mutations of batches of 40 and of 1,024 receipts on 64 channels, whose proof is found from public data; no chain. */
export function inLarge(): Mutation[] {
  return large.map(([what, fault]) => ({ what, fault, file: 'mutations.ts' }));
}

/** The page, from the tests as they are. */
export function render(): string {
  const kinds = [onChain(), found(), inLarge()];
  const faults = [...new Set(kinds.flat().map(({ fault }) => fault))].sort();
  const listOf = (mutations: readonly Mutation[], fault: string): string =>
    mutations
      .filter((one) => one.fault === fault)
      .map(({ what }) => what)
      .join('; ') || '—';
  const count = (mutations: readonly Mutation[], fault: string): number => mutations.filter((one) => one.fault === fault).length;
  const rows = faults.map(
    (fault) =>
      `| ${fault} | ${kinds.map((mutations) => `${count(mutations, fault)} | ${listOf(mutations, fault)}`).join(' | ')} |`,
  );
  return `# Mutations

Written by \`node script/dev/docs/mutations.ts\` from the tests themselves; a test fails when it is stale.

Each takes an honest batch, makes one thing of it false, and is void after one transaction with the proof of that fault. *On chain*: the contracts' tests (\`${folder}\`, \`npm test -- contracts\`), which build batch and proof by hand and also show that the proof fails against the honest batch. *Found*: the proof is built from the batch's published data alone, as a watch does, and the chain takes it (\`${filed}\`, \`npm test -- service\`); honest batches yield none there. *Large*: the same in batches of 40 and of 1,024 receipts on 64 channels, of several releases and compositions (\`sdk/src/testing\`, \`npm test -- sdk\`); it asks no chain. Honest batches of 1 to 1,024 receipts yield none there (\`honestBatch.test.ts\`; a thousand more in \`npm run test:deep\`), and on chain no proof succeeds against such (\`LargeHonest.t.sol\`: every proof about trees and receipts, opened at random places).

| fault | on chain | mutations | found | mutations | large | mutations |
|---|---|---|---|---|---|---|
${rows.join('\n')}
| **all** | ${kinds.map(({ length }) => `**${length}** | |`).join(' ')}
`;
}

if (import.meta.main) writeFileSync(page, render());
