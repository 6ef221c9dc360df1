import { toCsv } from '#lib/settings/csv.ts';
import { saveFile } from '#lib/ui/saveFile.ts';
import type { Sheet } from './types.ts';

/** Rows as a list of objects; amounts are decimal strings, since JSON's numbers end at 2⁵³. */
export function toJsonText({ header, rows }: Sheet): string {
  const objects = rows.map((row) =>
    Object.fromEntries(header.map((name, index) => [name, typeof row[index] === 'bigint' ? String(row[index]) : row[index]])),
  );
  return `${JSON.stringify(objects, null, 2)}\n`;
}

/** Hands a sheet to the person as a file. */
export function download(sheet: Sheet, name: string, format: 'csv' | 'json'): void {
  const [text, type] = format === 'csv' ? [toCsv(sheet.header, sheet.rows), 'text/csv'] : [toJsonText(sheet), 'application/json'];
  saveFile(`openledger-${name}.${format}`, text, type);
}
