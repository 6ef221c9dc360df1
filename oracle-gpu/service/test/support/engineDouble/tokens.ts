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
