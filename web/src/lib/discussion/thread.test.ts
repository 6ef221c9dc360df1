import { hashRemark, type SignedRemark, zeroHash } from '@openledger/sdk';
import type { Hex } from 'viem';
import { expect, test } from 'vitest';
import { placed, shownText } from './thread.ts';

const at = '0x00000000000000000000000000000000000000a1';
const say = (text: string, timestamp: number, parent: Hex = zeroHash): SignedRemark => ({
  contract: at,
  proposalId: 1n,
  author: at,
  parent,
  timestamp,
  text,
  signature: '0x',
});
const hash = (remark: SignedRemark): Hex => hashRemark(remark, 1);

test('answers stand below what they answer, each by time', () => {
  const first = say('first', 1);
  const second = say('second', 2);
  const answer = say('answer', 3, hash(first));
  const deeper = say('deeper', 4, hash(answer));
  const order = placed(1, [first, second, answer, deeper]).map(({ remark, depth }) => [remark.text, depth]);
  expect(order).toEqual([
    ['first', 0],
    ['answer', 1],
    ['deeper', 2],
    ['second', 0],
  ]);
});

test('an answer to what is not here is shown by itself, and says so', () => {
  const orphan = say('to whom?', 1, `0x${'ab'.repeat(32)}`);
  expect(placed(1, [orphan])).toMatchObject([{ depth: 0, orphan: true }]);
});

test('a thread as deep as it is long is read all the same', () => {
  const chain = [say('0', 0)];
  for (let n = 1; n < 1_000; n += 1) chain.push(say(String(n), n, hash(chain[n - 1] ?? say('', 0))));
  expect(placed(1, chain).at(-1)).toMatchObject({ depth: 999, orphan: false });
});

test('nothing that a reader cannot see turns or hides the text', () => {
  expect(shownText('pay \u202e0001\u202c \u0007now\r\nplease\ttoday\u2066')).toBe('pay 0001 now\nplease\ttoday');
});
