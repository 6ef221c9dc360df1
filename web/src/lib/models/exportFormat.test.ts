import { expect, test } from 'vitest';
import { cardBody } from './exportFormat.ts';

test('of a card the lines for programs are left out, and nothing else', () => {
  expect(cardBody('---\nlicense: mit\ntags: [lora]\n---\n\n# Name\n\n| a | b |\n|---|---|\n')).toBe(
    '# Name\n\n| a | b |\n|---|---|',
  );
  expect(cardBody('# Name\n---\nrest')).toBe('# Name\n---\nrest');
});
