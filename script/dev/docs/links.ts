// Relative links of the documents. A link to a line is written [`symbol`](../path/file.ts#L12): the line must define the
// symbol, and `node script/dev/docs/links.ts --renew` puts the lines right after code has moved.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from '../config.ts';

export interface Link {
  text: string;
  /** As written: `../sdk/src/index.ts#L3`. */
  target: string;
  path: string;
  /** From 1; undefined for a link to a whole file. */
  line: number | undefined;
}

const lineAnchor = /^L(\d+)$/;

/** Relative links of a Markdown text; addresses of the web, and examples in code, are none of ours. */
export function linksIn(markdown: string): Link[] {
  const prose = markdown.replace(/^```.*?^```/gms, '');
  return [...prose.matchAll(/\[([^\]]*)\]\(<?([^)\s>]+)>?\)/g)].flatMap(([, text = '', target = '']) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target) || target.startsWith('#')) return [];
    const [path = '', anchor = ''] = target.split('#');
    const line = lineAnchor.exec(anchor)?.[1];
    return [{ text, target, path, line: line === undefined ? undefined : Number(line) }];
  });
}

/** The name that a link to a line must find there: its text without code marks and parentheses. */
export const symbolOf = ({ text }: Pick<Link, 'text'>): string => text.replace(/[`()]/g, '').trim();

/** Whether a line of code defines that name: a function, a type, a constant, an event, a class, an error. */
export function defines(line: string, symbol: string): boolean {
  const name = symbol.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const keyword = 'function|const|let|class|type|interface|struct|event|error|contract|library|def|async def|enum|mapping';
  return new RegExp(`\\b(${keyword})\\s+${name}(?![\\w])`).test(line);
}

/** What is wrong with the links of one document, one sentence each. */
export function problemsOf(document: string, markdown: string): string[] {
  return linksIn(markdown).flatMap((link) => {
    const file = resolve(dirname(document), link.path);
    const where = `${relative(root, document)} links to ${link.target}`;
    if (!existsSync(file)) return [`${where}, which does not exist.`];
    if (link.line === undefined) return [];
    const symbol = symbolOf(link);
    const found = readFileSync(file, 'utf8').split('\n')[link.line - 1] ?? '';
    if (defines(found, symbol)) return [];
    return [`${where}, where \`${symbol}\` is not defined: node script/dev/docs/links.ts --renew puts the line right.`];
  });
}

/** The document with every line anchor at the first definition of its symbol. Throws for a symbol that is nowhere. */
export function renew(document: string, markdown: string): string {
  let renewed = markdown;
  for (const link of linksIn(markdown)) {
    if (link.line === undefined) continue;
    const symbol = symbolOf(link);
    const lines = readFileSync(resolve(dirname(document), link.path), 'utf8').split('\n');
    const line = lines.findIndex((text) => defines(text, symbol)) + 1;
    if (line === 0) throw new Error(`${link.path} defines no \`${symbol}\`: name what is there in ${relative(root, document)}.`);
    renewed = renewed.replaceAll(`[${link.text}](${link.target})`, `[${link.text}](${link.path}#L${line})`);
  }
  return renewed;
}

/** README.md and every document below docs/. */
export function documents(): string[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  return [join(root, 'README.md'), ...below.filter((name) => name.endsWith('.md')).map((name) => join(root, 'docs', name))];
}

if (import.meta.main) {
  if (process.argv[2] === '--renew') {
    for (const document of documents()) {
      const before = readFileSync(document, 'utf8');
      const after = renew(document, before);
      if (after !== before) writeFileSync(document, after);
    }
  }
  const problems = documents().flatMap((document) => problemsOf(document, readFileSync(document, 'utf8')));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
