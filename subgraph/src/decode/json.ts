import { BigDecimal, BigInt, Bytes, JSONValue, JSONValueKind, TypedMap, json } from '@graphprotocol/graph-ts';

// Guarded reading of files that anyone can write: nothing here may abort, whatever the file says. A value that is
// missing or of another kind is null.

/** Longest file that is read, in bytes; the protocol's own limit for documents and pages. */
export const MAX_FILE_BYTES: i32 = 262144;
/** Longest text that is kept of a document, in bytes. */
export const MAX_TEXT_BYTES: i32 = 32768;

export type JsonObject = TypedMap<string, JSONValue>;

/** The JSON object in a file of at most `limit` bytes. */
export function parseObject(data: Bytes, limit: i32): JsonObject | null {
  if (data.length > limit) return null;
  const parsed = json.try_fromBytes(data);
  if (parsed.isError) return null;
  return asObject(parsed.value);
}

/** Why `parseObject` found nothing. */
export function parseProblem(data: Bytes, limit: i32): string {
  return data.length > limit
    ? 'The file is larger than ' + (limit / 1024).toString() + ' KiB.'
    : 'The file is not a JSON object.';
}

export function asObject(value: JSONValue | null): JsonObject | null {
  if (value === null || value.kind != JSONValueKind.OBJECT) return null;
  return value.toObject();
}

export function objectOf(object: JsonObject | null, key: string): JsonObject | null {
  if (object === null) return null;
  return asObject(object.get(key));
}

/** Elements of a list; none if it is not one. */
export function listOf(object: JsonObject | null, key: string): Array<JSONValue> {
  if (object === null) return [];
  const value = object.get(key);
  if (value === null || value.kind != JSONValueKind.ARRAY) return [];
  return value.toArray();
}

export function asString(value: JSONValue | null): string | null {
  if (value === null || value.kind != JSONValueKind.STRING) return null;
  return value.toString();
}

export function stringOf(object: JsonObject | null, key: string): string | null {
  if (object === null) return null;
  return asString(object.get(key));
}

/** Text of a number or of a string; null for other kinds. The text of a JSON number lies where a string's would. */
function literal(value: JSONValue | null): string | null {
  if (value === null) return null;
  if (value.kind == JSONValueKind.STRING) return value.toString();
  if (value.kind == JSONValueKind.NUMBER) return changetype<string>(value.data as usize);
  return null;
}

function literalOf(object: JsonObject | null, key: string): string | null {
  if (object === null) return null;
  return literal(object.get(key));
}

function isDigit(code: i32): boolean {
  return code >= 48 && code <= 57;
}

/** Whether a text is an integer of at most 78 digits, so that parsing cannot abort. */
function isInteger(text: string): boolean {
  const start = text.startsWith('-') ? 1 : 0;
  if (text.length == start || text.length > 79) return false;
  for (let i = start; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return false;
  return true;
}

/** An integer written as number or as decimal string. */
export function asInteger(value: JSONValue | null): BigInt | null {
  const text = literal(value);
  if (text === null || !isInteger(text)) return null;
  return BigInt.fromString(text);
}

export function integerOf(object: JsonObject | null, key: string): BigInt | null {
  if (object === null) return null;
  return asInteger(object.get(key));
}

/** An integer that fits 32 bits, else null. */
export function smallIntegerOf(object: JsonObject | null, key: string): BigInt | null {
  const value = integerOf(object, key);
  if (value === null || !value.isI32()) return null;
  return value;
}

/** A 32-bit integer, or 0 if there is none. */
export function intOf(object: JsonObject | null, key: string): i32 {
  const value = smallIntegerOf(object, key);
  return value === null ? 0 : value.toI32();
}

/** An amount, or 0 if there is none; negative ones count as 0. */
export function amountOf(object: JsonObject | null, key: string): BigInt {
  const value = integerOf(object, key);
  return value === null || value.lt(BigInt.zero()) ? BigInt.zero() : value;
}

/** A decimal such as `0.001`, `-2` or `1e-3`, at most 40 characters with an exponent of at most two digits. */
export function decimalOf(object: JsonObject | null, key: string): BigDecimal | null {
  const text = literalOf(object, key);
  if (text === null || text.length == 0 || text.length > 40) return null;
  let digits = 0;
  let points = 0;
  let i = text.startsWith('-') ? 1 : 0;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isDigit(code)) digits++;
    else if (code == 46 && points == 0) points++;
    else break;
  }
  if (digits == 0) return null;
  let exponent = 0;
  if (i < text.length) {
    const code = text.charCodeAt(i++);
    if (code != 101 && code != 69) return null;
    const negative = i < text.length && text.charAt(i) == '-';
    if (negative || (i < text.length && text.charAt(i) == '+')) i++;
    if (i >= text.length || text.length - i > 2) return null;
    for (; i < text.length; i++) {
      if (!isDigit(text.charCodeAt(i))) return null;
      exponent = exponent * 10 + text.charCodeAt(i) - 48;
    }
    if (negative) exponent = -exponent;
  }
  const end = text.indexOf('e') >= 0 ? text.indexOf('e') : text.indexOf('E');
  let mantissa = end >= 0 ? text.slice(0, end) : text;
  if (mantissa.endsWith('.')) mantissa = mantissa + '0';
  const power = BigInt.fromI32(10)
    .pow(<u8>(exponent < 0 ? -exponent : exponent))
    .toBigDecimal();
  const value = BigDecimal.fromString(mantissa);
  return exponent < 0 ? value.div(power) : value.times(power);
}

/** Hex of exactly `length` bytes with `0x`, else zeros. */
export function bytesOf(object: JsonObject | null, key: string, length: i32): Bytes {
  const text = stringOf(object, key);
  if (text === null || text.length != 2 + 2 * length || !isHex(text)) return new Bytes(length);
  return Bytes.fromHexString(text);
}

/** Hex of any length with `0x`, else empty. */
export function anyBytesOf(object: JsonObject | null, key: string): Bytes {
  const text = stringOf(object, key);
  if (text === null || text.length % 2 != 0 || text.length > 4096 || !isHex(text)) return new Bytes(0);
  return Bytes.fromHexString(text);
}

function isHex(text: string): boolean {
  if (!text.startsWith('0x')) return false;
  for (let i = 2; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const hex = isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
    if (!hex) return false;
  }
  return true;
}

/** The text of a file, cut at `MAX_TEXT_BYTES`; null if it is not UTF-8 without zero bytes, which the store refuses. */
export function textOf(data: Bytes): string | null {
  const end = cutAt(data);
  for (let i = 0; i < end; ) {
    const length = sequenceLength(data, i, end);
    if (length == 0) return null;
    i += length;
  }
  return Bytes.fromUint8Array(data.subarray(0, end)).toString();
}

/** Where a file is cut: not inside a character. */
function cutAt(data: Bytes): i32 {
  if (data.length <= MAX_TEXT_BYTES) return data.length;
  let end = MAX_TEXT_BYTES;
  while (end > 0 && (data[end] & 0xc0) == 0x80) end--;
  return end;
}

/** Length of the UTF-8 sequence at `i`, 0 if there is no valid one. */
function sequenceLength(data: Bytes, i: i32, end: i32): i32 {
  const first = data[i];
  if (first == 0) return 0;
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length == 0 || i + length > end) return 0;
  for (let j = 1; j < length; j++) if ((data[i + j] & 0xc0) != 0x80) return 0;
  const second = data[i + 1];
  const wrong =
    (first == 0xe0 && second < 0xa0) || // overlong
    (first == 0xed && second >= 0xa0) || // surrogate
    (first == 0xf0 && second < 0x90) || // overlong
    (first == 0xf4 && second >= 0x90); // beyond Unicode
  return wrong ? 0 : length;
}
