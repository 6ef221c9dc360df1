import { expect, test } from 'vitest';
import { assignmentHash, assignmentOf } from './assignment.ts';
import { judgementCommitment, packBallot, preferences, unpackBallot } from './roundBallot.ts';
import { roundDocument, roundDocumentSchema } from './roundDocument.ts';

const hash = (digit: string) => `0x${digit.repeat(64)}` as const;
const about = { releaseA: hash('a'), releaseB: hash('b'), maxTokens: 96 };
const pairs = Array.from({ length: 40 }, (_, at) => ({ question: `q${at}`, ofA: `a${at}`, ofB: `b${at}` }));

test('a ballot is read back as it was packed, and a question left out is named', () => {
  const choices = Array.from({ length: 100 }, (_, at) => preferences[at % 3] ?? 'tie');
  expect(unpackBallot(packBallot(choices), 100)).toEqual(choices);
  expect(packBallot(['left', 'right', 'tie'])).toBe(0b111001n);
  expect(() => unpackBallot(0b110001n, 3)).toThrow('question 2');
});

test('a commitment changes with everything it is bound to', () => {
  const seat = { chainId: 1, rounds: `0x${'1'.repeat(40)}`, roundId: 2, judge: `0x${'2'.repeat(40)}` } as const;
  const all = [
    judgementCommitment(seat, 5n, hash('c')),
    judgementCommitment({ ...seat, chainId: 2 }, 5n, hash('c')),
    judgementCommitment({ ...seat, rounds: seat.judge }, 5n, hash('c')),
    judgementCommitment({ ...seat, roundId: 3 }, 5n, hash('c')),
    judgementCommitment({ ...seat, judge: seat.rounds }, 5n, hash('c')),
    judgementCommitment(seat, 6n, hash('c')),
    judgementCommitment(seat, 5n, hash('d')),
  ];
  expect(new Set(all).size).toBe(all.length);
});

test('a document shows each answer on the side that the salt says, and both sides occur', () => {
  const { questions } = roundDocument(about, pairs, hash('5'));
  for (const [at, { left, right }] of questions.entries()) {
    const isA = assignmentOf(hash('5'), at) === 'A';
    expect([left, right]).toEqual(isA ? [`a${at}`, `b${at}`] : [`b${at}`, `a${at}`]);
  }
  expect(new Set(questions.map(({ left }) => left.charAt(0)))).toEqual(new Set(['a', 'b']));
});

test('a document says nothing of the salt, and refuses what nobody could judge', () => {
  expect(JSON.stringify(roundDocument(about, pairs, hash('5')))).not.toContain(hash('5').slice(2));
  expect(assignmentHash(hash('5'))).not.toBe(hash('5'));
  expect(() => roundDocument(about, [], hash('5'))).toThrow();
  expect(roundDocumentSchema.safeParse({ ...roundDocument(about, pairs, hash('5')), salt: hash('5') }).success).toBe(false);
});
