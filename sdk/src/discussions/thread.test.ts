import { privateKeyToAccount } from 'viem/accounts';
import { expect, test } from 'vitest';
import { toJson } from '../schema/toJson.ts';
import { hashRemark, isSignedRemark, type Remark, remarkSchema, type SignedRemark, signRemark } from './remark.ts';
import { threadOf, threadSchema, threadText } from './thread.ts';

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`);
const subject = { contract: '0x000000000000000000000000000000000000aBcD', proposalId: 2n ** 200n } as const;
const zero = `0x${'0'.repeat(64)}` as const;
const message = (changes: Partial<Remark> = {}): Remark => ({
  ...subject,
  author: account.address,
  parent: zero,
  timestamp: 1_800_000_000,
  text: 'Why so much? 為什麼',
  ...changes,
});
const sign = async (changes: Partial<Remark> = {}): Promise<SignedRemark> => {
  const one = message(changes);
  return { ...one, signature: await signRemark(account, one, 31_337) };
};

test('a message is its author’s alone, of one proposal, contract, chain and text', async () => {
  const signed = await sign();
  expect(await isSignedRemark(signed, 31_337)).toBe(true);
  const changes: Partial<SignedRemark>[] = [
    { text: 'Why so little?' },
    { proposalId: 1n },
    { contract: account.address },
    { parent: hashRemark(message(), 31_337) },
    { timestamp: 1 },
    { author: subject.contract },
    { signature: '0x' },
    { signature: `0x${'00'.repeat(65)}` },
  ];
  for (const change of changes) expect(await isSignedRemark({ ...signed, ...change }, 31_337)).toBe(false);
  expect(await isSignedRemark(signed, 10)).toBe(false);
});

test('a contract’s signature is asked of the chain, and a chain that fails proves nothing', async () => {
  const signed = { ...(await sign()), author: subject.contract, signature: '0xabcd' } as const;
  expect(await isSignedRemark(signed, 31_337, async ({ address }) => address === subject.contract)).toBe(true);
  expect(await isSignedRemark(signed, 31_337, () => Promise.reject(new Error('offline')))).toBe(false);
});

test('the same messages are the same bytes, in whatever order and spelling they come', async () => {
  const [first, second, third] = [await sign(), await sign({ text: 'Second' }), await sign({ timestamp: 1 })];
  const shouted = { ...first, author: first.author.toLowerCase() as `0x${string}` };
  const text = threadText(threadOf(31_337, subject, [first, second, third]));
  expect(threadText(threadOf(31_337, subject, [second, third, shouted, first]))).toBe(text);
  const read = threadSchema.parse(JSON.parse(text));
  expect(read.messages).toHaveLength(3);
  expect(read.messages[0]?.timestamp).toBe(1);
  expect(threadText(threadOf(31_337, read.subject, read.messages))).toBe(text);
  for (const one of read.messages) expect(await isSignedRemark(one, 31_337)).toBe(true);
});

test('empty, overlong and malformed texts are no messages', () => {
  const parse = (text: string) => remarkSchema.safeParse(toJson(message({ text }))).success;
  expect(parse('x'.repeat(10_000))).toBe(true);
  for (const text of ['', ' \n', 'x'.repeat(10_001), '\ud800', 'a\0b']) expect(parse(text)).toBe(false);
});
