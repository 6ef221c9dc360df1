// Writes contracts/test/vectors/*.json: what TypeScript, Solidity and Python must all compute alike.
//
//   node sdk/src/vectors/generate.ts           write
//   node sdk/src/vectors/generate.ts --check   fail, naming the files, when something written is stale
//
// Everything follows from fixed seeds. Bytes are 0x hex, amounts decimal strings, small numbers numbers. Tables are
// kept by column, one array per field, so that forge reads a column with one vm.parseJson…Array call (parsing once per
// cell would take minutes). A table whose rows belong to rows of another is flattened: `firstX` of the owner says where
// its rows begin, the next owner's `firstX` (or the end of the table) where they end.
//
// trees.json       trees:  treeId, root, count, amount, weight, firstLeaf (into leaves)
//                  leaves: key, data, amount, weight
//                  proofs: tree (row of trees), index, proof, amountBefore, weightBefore (sums of the leaves before)
// inflation.json   day, exp2
// records.json     line (as in a file), canonical (RFC 8785), recordId, cluster (lines in order of commitment);
//                  recordsRoot over all recordIds with weight 0; tokens, recordsRootWithTokens with these weights;
//                  invalid: lines that are no record
// allocation.json  accounts, ids: tables that the other columns name by position (accounts[0] is the zero address)
//                  calls: kind (for people), inputs of docs/allocation.md, results protocolFee and burned,
//                         firstRecord, firstSpan, firstPassage, firstReputation, firstPool, firstAllocation
//                  records: recordId, cluster (positions in ids), contributor, reviewer (in accounts), score (sum of partials)
//                  spans: start, length, firstSource; sources: recordId, cluster, contributor
//                  passages: recordId, cluster, contributor, support
//                  reputations: account, bps; pools: datanetId, account, size; allocations (the result): account, amount, weight
// composition.json as allocation.json, a call for each release of an answer with its share of the price; besides them
//                  weights: weightBps of each call's release; composed: base, markup, firstCall, firstAllocation (into
//                  sums); sums (the result): account, amount, weight
// calibration.json kind (for people), adapter, records, questions, runs; thirdSubset: positions of the records of run 2;
//                  scores [questions][records] and losses [runs][questions] (micro-nats) of one case after another;
//                  results ldsBps, lowBps, highBps (docs/calibration.md)
// hashes.json      one object per thing that is hashed or signed: its fields, `encoded` (abi.encode of the struct, to
//                  abi.decode in Solidity) and what comes out
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allocationVectors } from './allocationVectors.ts';
import { calibrationVectors } from './calibrationVectors.ts';
import { compositionVectors } from './compositionVectors.ts';
import { hashVectors } from './hashVectors.ts';
import { inflationVectors } from './inflationVectors.ts';
import { recordVectors } from './recordVectors.ts';
import { treeVectors } from './treeVectors.ts';

const folder = join(import.meta.dirname, '../../../contracts/test/vectors');

/** The content of every vector file by name. */
export async function vectorFiles(): Promise<Map<string, string>> {
  const vectors = {
    trees: treeVectors(),
    inflation: inflationVectors(),
    records: recordVectors(),
    allocation: allocationVectors(),
    composition: compositionVectors(),
    hashes: await hashVectors(),
    calibration: calibrationVectors(),
  };
  return new Map(Object.entries(vectors).map(([name, value]) => [`${name}.json`, `${render(value)}\n`]));
}

/** One line per column: readable in a diff without a line per number. */
function render(value: object, indent = ''): string {
  const entries = Object.entries(value).map(([name, item]: [string, unknown]) => {
    const nested = typeof item === 'object' && item !== null && !Array.isArray(item);
    return `${indent}  ${JSON.stringify(name)}: ${nested ? render(item, `${indent}  `) : JSON.stringify(item)}`;
  });
  return `{\n${entries.join(',\n')}\n${indent}}`;
}

export function vectorPath(name: string): string {
  return join(folder, name);
}

async function main(): Promise<void> {
  const files = await vectorFiles();
  const stale = [...files].filter(
    ([name, text]) => !existsSync(vectorPath(name)) || readFileSync(vectorPath(name), 'utf8') !== text,
  );
  if (process.argv.includes('--check')) {
    if (stale.length > 0) {
      console.error(
        `Stale vectors: ${stale.map(([name]) => name).join(', ')}. Run \`npm run vectors\` and have every implementation assert them.`,
      );
      process.exitCode = 1;
    }
    return;
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of stale) writeFileSync(vectorPath(name), text);
  console.log(`Wrote ${stale.length} of ${files.size} vector files.`);
}

if (import.meta.main) await main();
