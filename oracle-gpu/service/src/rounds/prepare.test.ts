import { assignmentOf, roundDocumentSchema } from '@openledger/sdk';
import { expect, test } from 'vitest';
import type { GenerateEvent, GenerateRequest } from '../engine/client.ts';
import { prepareRound, readQuestions } from './prepare.ts';

const a = { releaseHash: `0x${'a'.repeat(64)}`, adapter: 'first' } as const;
const b = { releaseHash: `0x${'b'.repeat(64)}`, adapter: 'second' } as const;
const salt = `0x${'5'.repeat(64)}` as const;
const questions = Array.from({ length: 12 }, (_, at) => `question ${at}`);

function parts() {
  const asked: GenerateRequest[] = [];
  const pinned: unknown[] = [];
  return {
    asked,
    pinned,
    engine: {
      async *generate(request: GenerateRequest): AsyncGenerator<GenerateEvent> {
        asked.push(request);
        const text = `${request.adapter} on ${request.messages?.[0]?.content}`;
        yield { type: 'done', text, promptTokenIds: [1], tokenIds: [2], finishReason: 'stop', passages: null };
      },
    },
    ipfs: {
      add: async (bytes: Uint8Array) => {
        pinned.push(JSON.parse(new TextDecoder().decode(bytes)));
        return 'bafkreiround';
      },
    },
  };
}
const signal = new AbortController().signal;

test('both releases are asked the same without randomness, and their answers stand where the salt says', async () => {
  const given = parts();
  const prepared = await prepareRound(given, { a, b, questions, maxTokens: 32, salt }, signal);
  expect(prepared).toMatchObject({
    releaseA: a.releaseHash,
    releaseB: b.releaseHash,
    questions: 12,
    documentCid: 'bafkreiround',
  });
  expect(given.asked).toHaveLength(24);
  expect(given.asked.every(({ temperature, maxTokens }) => temperature === 0 && maxTokens === 32)).toBe(true);
  const document = roundDocumentSchema.parse(given.pinned[0]);
  for (const [at, pair] of document.questions.entries()) {
    const [left, right] = assignmentOf(salt, at) === 'A' ? ['first', 'second'] : ['second', 'first'];
    expect(pair).toEqual({
      question: questions[at],
      left: `${left} on ${questions[at]}`,
      right: `${right} on ${questions[at]}`,
    });
  }
});

test('what is pinned does not hold the salt', async () => {
  const given = parts();
  await prepareRound(given, { a, b, questions, maxTokens: 32, salt }, signal);
  expect(JSON.stringify(given.pinned)).not.toContain(salt.slice(2));
});

test('a release is not judged against itself, and nothing is asked for it', async () => {
  const given = parts();
  await expect(prepareRound(given, { a, b: a, questions, maxTokens: 32, salt }, signal)).rejects.toThrow('two different');
  expect(given.asked).toEqual([]);
});

test('questions are lines of a file, as many as people can judge', () => {
  expect(readQuestions('one\n\n  two \n')).toEqual(['one', 'two']);
  expect(() => readQuestions('\n \n')).toThrow('no question');
  expect(() => readQuestions(Array.from({ length: 101 }, () => 'q').join('\n'))).toThrow('at most 100');
});
