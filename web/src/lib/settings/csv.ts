/**
 * One cell as RFC 4180 wants it. Text that a spreadsheet would take for a formula gets an apostrophe in front: names of
 * models are written by strangers.
 */
export function csvCell(value: string | number | bigint): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows as CSV with CRLF line ends. The mark in front tells spreadsheets that it is UTF-8. */
export function toCsv(header: readonly string[], rows: readonly (readonly (string | number | bigint)[])[]): string {
  return `\uFEFF${[header, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n')}\r\n`;
}
