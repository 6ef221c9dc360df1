// `npm run bench -- <name>`: runs script/dev/bench/<name>.ts.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = join(import.meta.dirname, 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -3));
const name = process.argv[2] ?? '';
if (!names.includes(name)) {
  console.error(`Say which benchmark: npm run bench -- ${names.join(' | ')}`);
  process.exit(1);
}
await import(pathToFileURL(join(folder, `${name}.ts`)).href);
