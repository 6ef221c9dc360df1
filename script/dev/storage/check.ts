// `npm run check:storage`: compares where contracts keep their state with snapshots/storage. Fails if a field moved, changed its
// type or disappeared, and if a new one is not in the snapshots yet; `-- --renew` writes what is only new into them.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../config.ts';
import { compare, type Difference } from './compare.ts';
import { type Layout, layouts } from './layout.ts';

const folder = join(root, 'snapshots/storage');
const renew = process.argv.includes('--renew');
mkdirSync(folder, { recursive: true });
const now = layouts();
const found: Difference[] = [];
for (const layout of now) {
  const file = join(folder, `${layout.contract}.json`);
  if (!existsSync(file)) {
    found.push({ breaks: false, text: `${layout.contract} is new` });
    continue;
  }
  const before: Layout = JSON.parse(readFileSync(file, 'utf8'));
  found.push(...compare(before, layout));
}
for (const file of globSync('*.json', { cwd: folder })) {
  if (now.some(({ contract }) => contract === basename(file, '.json'))) continue;
  found.push({ breaks: true, text: `${basename(file, '.json')} has a snapshot and no upgradeable contract` });
}
const broken = found.filter(({ breaks }) => breaks);
for (const { breaks, text } of found) console.log(`${breaks ? '✗' : '+'} ${text}`);
if (broken.length) {
  console.log('An upgrade would misread what is stored: add fields behind the others, and keep types and order.');
} else if (renew) {
  for (const layout of now) {
    writeFileSync(join(folder, `${layout.contract}.json`), `${JSON.stringify(layout, null, 2)}\n`);
  }
} else if (found.length) {
  console.log('Nothing stored would be misread: take it up with `npm run check:storage -- --renew`.');
}
console.log(`${now.length} layouts, ${broken.length} broken, ${found.length - broken.length} new`);
process.exitCode = broken.length || (found.length && !renew) ? 1 : 0;
