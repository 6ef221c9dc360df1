import { readdirSync, readFileSync } from 'node:fs';
import { errorsAbi } from '@openledger/sdk';
import { expect, test } from 'vitest';

/** A message is a text, or one for each number that its language tells apart. */
type Message = string | { match: Record<string, string> }[];
type Catalogue = Record<string, Message>;

const folder = new URL('../../../messages/', import.meta.url);
const settings = JSON.parse(readFileSync(new URL('../../../project.inlang/settings.json', import.meta.url), 'utf8')) as {
  'plugin.inlang.messageFormat': { pathPattern: string[] };
};
const files = readdirSync(new URL('en/', folder));
const read = (locale: string, file: string): Catalogue =>
  JSON.parse(readFileSync(new URL(`${locale}/${file}`, folder), 'utf8')) as Catalogue;
const textsOf = (message: Message): string[] =>
  typeof message === 'string' ? [message] : message.flatMap(({ match }) => Object.values(match));
const slots = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();

test.each(files)('%s says the same in both languages, with the same blanks', (file) => {
  const english = read('en', file);
  const chinese = read('zh-Hant', file);
  expect(Object.keys(chinese)).toEqual(Object.keys(english));
  for (const [key, message] of Object.entries(english)) {
    const [first = ''] = textsOf(message);
    for (const text of [...textsOf(message), ...textsOf(chinese[key] ?? '')]) expect(slots(text), key).toEqual(slots(first));
  }
});

test('every catalogue is compiled in', () => {
  const compiled = settings['plugin.inlang.messageFormat'].pathPattern.map((path) => path.split('/').at(-1));
  expect(compiled.sort()).toEqual([...files].sort());
});

test('no key stands in two catalogues, where one would hide the other', () => {
  const keys = files.flatMap((file) => Object.keys(read('en', file)));
  expect(keys).toHaveLength(new Set(keys).size);
});

test('a sentence for a contract error belongs to an error that exists', () => {
  const known = new Set<string>(errorsAbi.map(({ name }) => name));
  const spoken = Object.keys(read('en', 'faults.json')).map((key) => key.replace('fault_', ''));
  const standard = /^(ERC20|ERC2612|Governor|Timelock|Enforced)/;
  expect(spoken.filter((name) => !known.has(name) && !standard.test(name))).toEqual([]);
});
