// The demonstration's data: what OpenZeppelin's contracts say about their own functions, events and errors.
//
//   node script/dev/demo/extract.ts <folder>   writes token.jsonl, access.jsonl, governance.jsonl, copy.jsonl there, and
//                                              all.jsonl with the records of every folder of the package
//
// The question names the item and its contract, the answer is the first paragraph of its NatSpec, the source is the
// file in the installed package (MIT). Deterministic: the same package gives the same bytes.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findDuplicates, type TrainingRecord } from '@openledger/sdk';

/** Folders of the package, one contributor each. */
export const domains = ['token', 'access', 'governance'] as const;
export type Domain = (typeof domains)[number];

/** Records each contributor uploads: enough to tell them apart, few enough to train on within minutes. */
const recordsPerDomain = 76;

/** An answer shorter than this says nothing, a longer one takes long to train on. In characters. */
const shortest = 40;
const longest = 260;

const packageFolder = join(import.meta.dirname, '../../../node_modules/@openzeppelin/contracts');

type Item = { kind: 'function' | 'event' | 'error'; name: string; contract: string; comment: string };

/** A documented item: its comment, then what it is about. */
const documented = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(function|event|error)\s+([A-Za-z_]\w*)/g;
const contractHeader = /^\s*(?:abstract\s+)?(?:contract|interface|library)\s+(\w+)/gm;

function itemsOf(source: string): Item[] {
  const contracts = [...source.matchAll(contractHeader)].map((match) => ({ name: match[1] ?? '', at: match.index }));
  return [...source.matchAll(documented)].flatMap((match) => {
    const contract = contracts.findLast(({ at }) => at < match.index)?.name;
    const [, comment = '', kind, name = ''] = match;
    return contract ? [{ kind: kind as Item['kind'], name, contract, comment: firstParagraph(comment) }] : [];
  });
}

/** Text of the comment up to its first empty line or tag, without the markup of its block. */
function firstParagraph(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*?\s?/, '').trimEnd());
  const text = lines
    .join('\n')
    .trim()
    .replace(/^@(dev|notice)\s+/, '');
  const [paragraph = ''] = text.split(/\n\s*\n|\n@/);
  return withoutLinks(paragraph).replace(/\s+/g, ' ').trim();
}

/** AsciiDoc links keep their text: `xref:…[Batched]` and `https://…[defined in the ERC]` become what a reader sees. */
function withoutLinks(text: string): string {
  return text.replace(/(?:xref:|https?:\/\/)[^\s[\]]+\[([^\]]*)\]/g, '$1');
}

/** Answers that only point elsewhere, open a list, or are about another item teach nothing by themselves. */
function teaches({ comment }: Item): boolean {
  const pointsElsewhere =
    /^(See|@inheritdoc|Override|Overload|Same as|Overrid|Variant)\b/i.test(comment) ||
    comment.startsWith('@') ||
    comment.startsWith('{');
  return comment.length >= shortest && comment.length <= longest && !pointsElsewhere && !/[,:]$/.test(comment);
}

const questions: Record<Item['kind'], (item: Item) => string> = {
  function: ({ name, contract }) => `What does the function \`${name}\` of ${contract} do?`,
  event: ({ name, contract }) => `What does the event \`${name}\` of ${contract} tell?`,
  error: ({ name, contract }) => `What does the error \`${name}\` of ${contract} mean?`,
};

function recordsOf(folder: string, version: string): TrainingRecord[] {
  const files = readdirSync(join(packageFolder, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sol'))
    .sort();
  return files.flatMap((file) => {
    const path = `${folder}/${file.replaceAll('\\', '/')}`;
    return itemsOf(readFileSync(join(packageFolder, path), 'utf8'))
      .filter(teaches)
      .map((item) => ({
        messages: [
          { role: 'user' as const, content: questions[item.kind](item) },
          { role: 'assistant' as const, content: item.comment },
        ],
        source: { title: `${item.contract}.${item.name}`, path, version: `@openzeppelin/contracts ${version}`, licence: 'MIT' },
      }));
  });
}

/** `count` records spread evenly over the list, in its order. */
function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)] as T);
}

/** Records of the folders: no near-duplicates among them, no question and no answer twice. */
function uniqueRecords<Folder extends string>(folders: readonly Folder[]): { folder: Folder; record: TrainingRecord }[] {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const all = folders.flatMap((folder) => recordsOf(folder, version).map((record) => ({ folder, record })));
  const repeated = new Set(findDuplicates(all.map(({ record }) => record)).map(({ index }) => index));
  const unique = all.filter((_, index) => !repeated.has(index));
  const seen = new Set<string>();
  return unique.filter(({ record: { messages } }) => {
    const texts = messages.map(({ content }) => content);
    const isNew = texts.every((text) => !seen.has(text));
    for (const text of texts) seen.add(text);
    return isNew;
  });
}

/** Records of the three contributors. */
export function extractRecords(): Record<Domain, TrainingRecord[]> {
  const single = uniqueRecords(domains);
  const pick = (domain: Domain): TrainingRecord[] =>
    spread(
      single.filter(({ folder }) => folder === domain).map(({ record }) => record),
      recordsPerDomain,
    );
  return { token: pick('token'), access: pick('access'), governance: pick('governance') };
}

/** What every folder of the package says, for the studies of attribution. */
export function extractAll(): TrainingRecord[] {
  const folders = readdirSync(packageFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return uniqueRecords(folders.map(({ name }) => name).sort()).map(({ record }) => record);
}

/** What a copyist would upload: the same records with the spaces changed, so that no record id is the same. */
export function copyWithSpacesChanged(records: readonly TrainingRecord[]): TrainingRecord[] {
  return records.map(({ messages, source }) => ({
    messages: messages.map((message) => ({ ...message, content: `${message.content.replaceAll(' ', '  ')} ` })),
    source,
  }));
}

/** A contribution's file: one record per line. */
export function toJsonl(records: readonly TrainingRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (!folder) throw new Error('Name the folder to write to: node script/dev/demo/extract.ts <folder>');
  mkdirSync(folder, { recursive: true });
  const records = extractRecords();
  for (const domain of domains) writeFileSync(join(folder, `${domain}.jsonl`), toJsonl(records[domain]));
  writeFileSync(join(folder, 'copy.jsonl'), toJsonl(copyWithSpacesChanged(records.token)));
  writeFileSync(join(folder, 'all.jsonl'), toJsonl(extractAll()));
  console.log(domains.map((domain) => `${domain}: ${records[domain].length} records`).join(', '));
}
