import { formatUnits, parseUnits } from 'viem';

/** OPEN has 18 decimals. */
const DECIMALS = 18;

/**
 * Shortens a decimal string to `digits` significant digits, never rounding a non-zero amount to zero.
 * Truncates instead of rounding, so that no figure on the screen is larger than what is there.
 */
function significant(decimal: string, digits: number): string {
  const [whole = '0', fraction = ''] = decimal.split('.');
  if (whole !== '0') {
    const keep = Math.max(0, digits - whole.length);
    return trim(`${whole}.${fraction.slice(0, keep)}`);
  }
  const zeros = fraction.match(/^0*/)?.[0].length ?? 0;
  return trim(`0.${fraction.slice(0, zeros + digits)}`);
}

function trim(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0*$/, '') : decimal;
}

function group(decimal: string): string {
  const [whole = '0', fraction] = decimal.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Amount of OPEN for reading: `1,234.5`, `0.00084`. Exact amounts: {@link exactOpen}. */
export function formatOpen(wei: bigint, digits = 4): string {
  const sign = wei < 0n ? '−' : '';
  const decimal = formatUnits(wei < 0n ? -wei : wei, DECIMALS);
  return sign + group(significant(decimal, digits));
}

/** Every digit of an amount of OPEN. */
export function exactOpen(wei: bigint): string {
  return group(trim(formatUnits(wei, DECIMALS)));
}

/** Parses what a person typed. `undefined` if it is not a non-negative amount with at most 18 decimals. */
export function parseOpen(text: string): bigint | undefined {
  const clean = text.trim().replace(/,/g, '');
  if (!/^\d+(\.\d{1,18})?$/.test(clean)) return undefined;
  return parseUnits(clean, DECIMALS);
}

/** Sum of amounts as the index writes them: decimal strings. */
export const sumOf = (amounts: readonly (string | number)[]): bigint =>
  amounts.reduce<bigint>((sum, amount) => sum + BigInt(amount), 0n);

/** Share as a percentage with at most one decimal: `38 %`, `0.4 %`, `< 0.1 %`. */
export function formatShare(part: bigint, whole: bigint): string {
  if (whole === 0n || part === 0n) return '0 %';
  const tenths = Number((part * 1000n + whole / 2n) / whole);
  if (tenths === 0) return '< 0.1 %';
  return tenths >= 100 ? `${Math.round(tenths / 10)} %` : `${tenths / 10} %`;
}

/** Basis points as a percentage. */
export function formatBps(bps: number): string {
  return `${Number((bps / 100).toFixed(2))} %`;
}

/** Whole numbers with thousands separators. */
export function formatCount(value: number | bigint): string {
  return group(value.toString());
}

/** Large numbers in short: `135 M`, `1.7 B`, `230 k`. */
export function formatMagnitude(value: number): string {
  const units: [number, string][] = [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ];
  const unit = units.find(([size]) => value >= size);
  return unit ? `${Number((value / unit[0]).toPrecision(3))} ${unit[1]}` : String(value);
}

/** Bytes as KiB or MiB. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
