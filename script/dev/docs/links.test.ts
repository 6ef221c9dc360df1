import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../config.ts';
import { defines, documents, linksIn, problemsOf, renew } from './links.ts';

test.each(documents().map((document) => [document.slice(root.length + 1), document] as const))(
  'every relative link of %s leads to what it names',
  (_name, document) => {
    expect(problemsOf(document, readFileSync(document, 'utf8'))).toEqual([]);
  },
);

test('the walk after a fee names a line for each of its steps', () => {
  const links = linksIn(readFileSync(join(root, 'docs/follow-a-fee.md'), 'utf8'));
  expect(links.filter(({ line }) => line !== undefined).length).toBeGreaterThan(30);
});

test('links of the web, of the page itself and in code are none of ours', () => {
  const text = '[a](https://example.org) [b](#there) [c](x.md)\n```\n[d](no.md)\n```\n![e](images/chat.png)';
  expect(linksIn(text).map(({ target }) => target)).toEqual(['x.md', 'images/chat.png']);
});

test('a missing file, and a line that defines something else, are problems', () => {
  const document = join(root, 'docs/made-up.md');
  expect(problemsOf(document, '[here](nowhere.md)')).toEqual(['docs/made-up.md links to nowhere.md, which does not exist.']);
  const wrong = '[`linksIn`](../script/dev/docs/links.ts#L1)';
  expect(problemsOf(document, wrong)[0]).toContain('where `linksIn` is not defined');
  const right = renew(document, wrong);
  expect(right).not.toBe(wrong);
  expect(problemsOf(document, right)).toEqual([]);
  expect(() => renew(document, '[`noSuchThing`](../script/dev/docs/links.ts#L1)')).toThrow(/noSuchThing/);
});

test('a definition is told from a use', () => {
  expect(defines('export async function settle(context: Context)', 'settle')).toBe(true);
  expect(defines('    function settle(', 'settle')).toBe(true);
  expect(defines('def attribute(', 'attribute')).toBe(true);
  expect(defines('  await settle(context);', 'settle')).toBe(false);
  expect(defines('function settleAll(', 'settle')).toBe(false);
});
