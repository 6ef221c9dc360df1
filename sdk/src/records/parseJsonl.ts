import type { Hex } from 'viem';
import type { z } from 'zod';
import { recordSchema, type TrainingRecord } from './record.ts';
import { recordId } from './recordId.ts';
import { type RecordLimits, recordLimits } from './recordLimits.ts';

/** Why a line (from 1; 0 is the file as a whole) cannot be taken. */
export type LineError = { line: number; reason: string };

export type ParsedRecords = { records: TrainingRecord[]; recordIds: Hex[]; errors: LineError[] };

const newline = 0x0a;

/**
 * Reads a contribution's file: one record per line, blank lines are passed over.
 * Never throws; every bad line is in `errors`, and a file with errors must not be stored.
 */
export function parseJsonl(file: Uint8Array | string, limits: RecordLimits = recordLimits): ParsedRecords {
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
  const parsed: ParsedRecords = { records: [], recordIds: [], errors: [] };
  if (bytes.length > limits.fileBytes) {
    parsed.errors.push({
      line: 0,
      reason: `the file has ${bytes.length} bytes; at most ${limits.fileBytes} are taken: split it`,
    });
    return parsed;
  }
  const lineOf = new Map<Hex, number>();
  let line = 0;
  for (const lineBytes of splitLines(bytes)) {
    line += 1;
    const result = parseLine(lineBytes, limits);
    if (result === undefined) continue;
    if (typeof result === 'string') {
      parsed.errors.push({ line, reason: result });
      continue;
    }
    const id = recordId(result);
    const earlier = lineOf.get(id);
    if (earlier !== undefined) {
      parsed.errors.push({ line, reason: `is the same record as line ${earlier}` });
      continue;
    }
    lineOf.set(id, line);
    parsed.records.push(result);
    parsed.recordIds.push(id);
  }
  if (parsed.records.length > limits.records) {
    parsed.errors.push({
      line: 0,
      reason: `the file has ${parsed.records.length} records; at most ${limits.records} are taken: split it`,
    });
  }
  if (parsed.records.length === 0 && parsed.errors.length === 0)
    parsed.errors.push({ line: 0, reason: 'the file has no records' });
  return parsed;
}

function* splitLines(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  while (start < bytes.length) {
    const found = bytes.indexOf(newline, start);
    const end = found === -1 ? bytes.length : found;
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}

/** The record, the reason why it is none, or undefined for a blank line. */
function parseLine(bytes: Uint8Array, limits: RecordLimits): TrainingRecord | string | undefined {
  if (bytes.length > limits.recordBytes) return `has ${bytes.length} bytes; a record has at most ${limits.recordBytes}`;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return 'is not UTF-8';
  }
  if (text.trim() === '') return undefined;
  if (text.startsWith('\ufeff')) return 'begins with a byte order mark: save the file as UTF-8 without one';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  const result = recordSchema.safeParse(value);
  return result.success ? result.data : describe(result.error);
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues;
  if (!issue) return 'is not a record';
  const path = issue.path.map(String).join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
