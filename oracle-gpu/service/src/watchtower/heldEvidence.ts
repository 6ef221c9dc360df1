import {
  accuse,
  type Held,
  type HeldAnswer,
  heldProofs,
  type IndexRows,
  int8FromHex,
  int8Tree,
  omittedLongRow,
  openBatch,
  outputHash,
  treeId,
} from '@openledger/sdk';
import type { Hex } from 'viem';
import type { Read } from './examine.ts';
import type { KnownReceipt } from './witness.ts';

/**
 * What payers' receipts open of settled evidence: queries and answers, with the rows that the releases publish.
 * @returns a function that gives, for a batch, what proves its evidence false, or says for what to ask on chain; undefined where nothing of it does
 */
export function openHeldEvidence(known: readonly KnownReceipt[], rowsOf: (release: Hex) => Promise<IndexRows | string>) {
  const queries = new Map<Hex, Int8Array>();
  const answers = new Map<Hex, HeldAnswer>();
  for (const { query, salt, answer, tokenIds } of known) {
    if (query) queries.set(int8Tree(treeId.query, int8FromHex(query)).root, int8FromHex(query));
    if (salt && answer !== undefined && tokenIds) answers.set(outputHash(salt, answer, tokenIds), { salt, answer, tokenIds });
  }

  return async function heldOf({ file, batch: { header, channels }, facts }: Read): Promise<Held | undefined> {
    const opened = file.receipts.filter(
      ({ receipt, evidence }) => queries.has(evidence.queryRoot) || answers.has(receipt.outputHash),
    );
    if (opened.length === 0) return undefined;
    const rows = new Map<Hex, IndexRows>();
    for (const hash of new Set(opened.flatMap(({ composition }) => composition.map(({ releaseHash }) => releaseHash)))) {
      const found = await rowsOf(hash);
      if (typeof found !== 'string') rows.set(hash, found);
    }
    const held: Held = { queries, answers, rows, tokens: new Map() };
    const [batch, accused] = [openBatch(file, header, channels), accuse(header, [])];
    const given = { batch, accused, facts, signed: [], stated: new Map(), held };
    return heldProofs(given).length > 0 || omittedLongRow(given) ? held : undefined;
  };
}
