import type { ToldToken } from '../engine/schemas.ts';
import type { Shape } from './render.ts';

/** Answers in the shape of OpenAI's text completions. */
export const textShape: Shape = {
  prefix: 'cmpl',
  object: 'text_completion',
  chunk: 'text_completion',
  start: () => ({ text: '', logprobs: null, finish_reason: null }),
  piece: (text, told) => ({ text, logprobs: told ? logprobsOf(told) : null, finish_reason: null }),
  finish: ({ finishReason }) => ({ text: '', logprobs: null, finish_reason: finishReason }),
  whole: ({ pieces, logprobs, echo, finishReason }) => ({
    text: `${echo?.text ?? ''}${pieces.join('')}`,
    logprobs: logprobs ? logprobsOf([...(echo?.tokens ?? []), ...logprobs.flat()]) : null,
    finish_reason: finishReason,
  }),
};

/** A token's text, or, where it is no whole character, its bytes: names must differ as tokens do. */
const nameOf = ({ token, bytes }: Omit<ToldToken, 'top'>): string =>
  bytes && token.includes('\ufffd') ? `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}` : token;

/** Four lists of the same length; a prompt's first token has no probability. */
function logprobsOf(told: readonly ToldToken[]) {
  const decoder = new TextDecoder();
  let offset = 0;
  const text_offset = told.map(({ bytes }) => {
    const start = offset;
    offset += decoder.decode(new Uint8Array(bytes ?? []), { stream: true }).length;
    return start;
  });
  return {
    tokens: told.map(nameOf),
    token_logprobs: told.map(({ logprob }) => logprob),
    top_logprobs: told.map((one) =>
      one.logprob === null ? null : Object.fromEntries([...one.top, one].map((token) => [nameOf(token), token.logprob])),
    ),
    text_offset,
  };
}
