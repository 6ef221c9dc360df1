// Words as the engine's double counts them: each is a token of its own.
import { createHash } from 'node:crypto';
import type { Hex } from 'viem';

export type Message = { role: string; content: string };

export const sha256 = (data: Buffer | string): Buffer => createHash('sha256').update(data).digest();
export const hex = (bytes: Buffer): Hex => `0x${bytes.toString('hex')}`;
export const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
const known = new Map<string, number>();
export const tokenOf = (word: string): number => {
  const token = known.get(word) ?? sha256(word).readUInt16BE(0);
  known.set(word, token);
  return token;
};
export const wordOf = (token: number): string => [...known].find(([, one]) => one === token)?.[0] ?? '?';
export const promptTokens = (messages: readonly Message[]): number[] =>
  messages.flatMap(({ content }) => words(content)).map(tokenOf);
/** Of a chat, or of a text given as such or as tokens. */
export const inputTokens = ({ messages, prompt }: Input): number[] => {
  if (Array.isArray(prompt)) return prompt;
  return prompt === undefined ? promptTokens(messages ?? []) : words(prompt).map(tokenOf);
};
export type Input = { messages?: Message[]; prompt?: string | number[] };

/** A token as the engine tells of it: the double finds every one half as likely as could be. */
export const told = (token: number, text: string, top: number, logprob: number | null = Math.log(0.5)) => {
  const one = { tokenId: token, token: text, bytes: [...Buffer.from(text)], logprob };
  return { ...one, top: logprob === null ? [] : Array.from({ length: top }, () => one) };
};
