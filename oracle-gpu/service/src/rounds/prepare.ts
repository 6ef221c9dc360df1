import { type PreparedRound, roundDocument, roundLimits } from '@openledger/sdk';
import type { Hex } from 'viem';
import type { Engine } from '../engine/client.ts';
import { addJson, type Ipfs } from '../ipfs/client.ts';
import { answerItems } from '../training/evaluateProposal.ts';

/** A release of this operator's, as its engine knows it. */
export type Answerer = { releaseHash: Hex; adapter: string };

type Asked = { a: Answerer; b: Answerer; questions: readonly string[]; maxTokens: number; salt: Hex };
type Parts = { engine: Pick<Engine, 'generate'>; ipfs: Pick<Ipfs, 'add'> };

/** One question a line; empty lines are left out. Throws where a round could not have them. */
export function readQuestions(text: string): string[] {
  const questions = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (questions.length === 0) throw new Error('The file has no question: write one a line.');
  if (questions.length > roundLimits.questions)
    throw new Error(
      `The file has ${questions.length} questions and a round at most ${roundLimits.questions}, which people judge one by one.`,
    );
  return questions;
}

/**
 * Asks both releases the same questions without randomness, puts the answers on the sides that the salt says, and pins the
 * document. The result holds the salt: it is the opener's alone until all ballots are shown.
 */
export async function prepareRound({ engine, ipfs }: Parts, asked: Asked, signal: AbortSignal): Promise<PreparedRound> {
  const { a, b, questions, maxTokens, salt } = asked;
  if (a.releaseHash === b.releaseHash) throw new Error('A round takes two different releases: this is one, twice.');
  const items = questions.map((question) => ({ question }));
  const ofA = await answerItems(engine, a.adapter, { items, maxTokens }, signal);
  const ofB = await answerItems(engine, b.adapter, { items, maxTokens }, signal);
  const pairs = questions.map((question, at) => ({ question, ofA: ofA[at] ?? '', ofB: ofB[at] ?? '' }));
  const about = { releaseA: a.releaseHash, releaseB: b.releaseHash };
  const documentCid = await addJson(ipfs, roundDocument({ ...about, maxTokens }, pairs, salt));
  return { schema: 'openledger.prepared-round.1', ...about, questions: questions.length, documentCid, salt };
}
