import { readFile, writeFile } from 'node:fs/promises';
import { assignmentHash, bytes32Schema, randomBytes32 } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import { readConfig } from '../config.ts';
import { readDatabase } from '../db/open.ts';
import { releases } from '../db/schema.ts';
import { openEngine } from '../engine/client.ts';
import { openIpfs } from '../ipfs/client.ts';
import { type Answerer, prepareRound, readQuestions } from '../rounds/prepare.ts';

/** Options of `openledger round prepare`. */
export const roundOptions = { 'max-tokens': { type: 'string' }, out: { type: 'string' } } as const;
type Given = { 'max-tokens'?: string | undefined; out?: string | undefined };

/** Tokens of an answer, unless told otherwise: what two answers beside each other on a screen hold. */
const DEFAULT_TOKENS = 160;

/**
 * Prepares an evaluation round of two releases that this operator serves, in the service's environment, and writes the file
 * that opens and ends it.
 */
export async function roundPrepare(
  environment: Record<string, string | undefined>,
  [first = '', second = '', file = '']: readonly string[],
  given: Given,
  print: (text: string) => void,
): Promise<boolean> {
  const maxTokens = Number(given['max-tokens'] ?? DEFAULT_TOKENS);
  if (!Number.isInteger(maxTokens) || maxTokens < 1 || maxTokens > 1_024)
    throw new Error('--max-tokens takes a whole number from 1 to 1024.');
  const questions = readQuestions(await readFile(file, 'utf8'));
  const config = readConfig(environment);
  const { db, close } = readDatabase(config.databaseUrl);
  const answererOf = async (word: string): Promise<Answerer> => {
    const hash = bytes32Schema.safeParse(word.toLowerCase());
    if (!hash.success) throw new Error(`"${word}" is no hash of a release: it is 0x and 64 hex digits.`);
    const [row] = await db.select().from(releases).where(eq(releases.releaseHash, hash.data));
    if (!row) throw new Error(`This operator does not serve release ${hash.data}: only what it serves can be asked here.`);
    return { releaseHash: hash.data, adapter: row.adapter };
  };
  try {
    const [a, b] = [await answererOf(first), await answererOf(second)];
    const salt = randomBytes32();
    const parts = { engine: openEngine(config.engineUrl), ipfs: openIpfs(config.ipfsUrl) };
    const prepared = await prepareRound(parts, { a, b, questions, maxTokens, salt }, new AbortController().signal);
    const out = given.out ?? `round-${assignmentHash(salt).slice(2, 10)}.json`;
    await writeFile(out, `${JSON.stringify(prepared, null, 2)}\n`, { flag: 'wx', mode: 0o600 });
    print(`${questions.length} questions answered by both releases; the document is ${prepared.documentCid}.`);
    print(`${out} opens the round on the page of evaluation rounds, and ends it. Show it to nobody until then.`);
    return true;
  } finally {
    await close();
  }
}
