import { expect, test } from 'vitest';
import { createCallKeeper, splitCalls } from './toolCalls.ts';

const write = (name: string, given: object): string =>
  `<tool_call>\n{"name": "${name}", "arguments": ${JSON.stringify(given)}}\n</tool_call>`;

test('calls are read out of an answer, with the text before them', () => {
  const answer = `Let me see.\n${write('a', { x: '</tool' })}\n${write('b', {})}`;
  expect(splitCalls(answer)).toEqual({
    content: 'Let me see.\n',
    calls: [
      { name: 'a', arguments: '{"x":"</tool"}' },
      { name: 'b', arguments: '{}' },
    ],
  });
});

test.each(['no call', '<tool_call', '<tool_call>\n{"name": "a"', '<tool_call>\nnonsense\n</tool_call>'])(
  '%j is a text, of which nothing is lost',
  (answer) => expect(splitCalls(answer)).toEqual({ content: answer, calls: [] }),
);

test('in a stream, what may be a call is kept together, and all else goes on', () => {
  const keeper = createCallKeeper();
  expect(['2 <', ' 3, <tool', 's> and <tool_', 'call>\n{', '"name"'].map((text) => keeper.push(text))).toEqual([
    '2 ',
    '< 3, ',
    '<tools> and ',
    '',
    '',
  ]);
  expect(keeper.rest()).toBe('<tool_call>\n{"name"');
});
