import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../script/dev/config.ts';

/** The app's example file: fourteen records about a garden that no model has ever heard of. */
export const garden = readFileSync(join(root, 'web/static/example.jsonl'), 'utf8');

/** Its first line, and one that is no record. */
export const brokenGarden = `${garden.split('\n')[0]}\n{"messages": "not a list"}\n`;
