import { OpenLedgerError } from '../errors/openLedgerError.ts';
import { int8Dot, int8FromHex } from '../output/int8.ts';
import type { IndexRows } from '../release/indexRows.ts';
import { canonicalJson } from '../schema/canonicalJson.ts';
import { keccakText } from '../schema/keccak.ts';
import { type Calibration, calibrationSchema, type Fidelity } from './calibration.ts';
import { measureFidelity } from './measureFidelity.ts';

/**
 * The number that a calibration's file stands for. Throws OpenLedgerError `bad_calibration` for a file that is none.
 * @param rows of the release's index, where they are public: each score must be the product of query and row
 */
export function verifyCalibration(file: unknown, rows?: IndexRows): Fidelity {
  const data = readCalibration(file);
  if (rows) requireScores(data, rows);
  return measureFidelity(data);
}

export function readCalibration(file: unknown): Calibration {
  const parsed = calibrationSchema.safeParse(file);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw refusal(`${first?.path.join('.') || 'the file'}: ${first?.message ?? 'not right'}`);
}

/** What the chain keeps of the file: keccak256 of its canonical JSON. */
export function calibrationHash(data: Calibration): `0x${string}` {
  return keccakText(canonicalJson(data));
}

function requireScores({ questions, records }: Calibration, rows: IndexRows): void {
  if (rows.leaves.length !== records) throw refusal(`it has scores of ${records} records, the index ${rows.leaves.length} rows`);
  for (const [place, { query, scores }] of questions.entries()) {
    const components = int8FromHex(query);
    const wrong = rows.leaves.find(({ position }) => int8Dot(components, rows.componentsAt(position)) !== scores[position]);
    if (wrong) throw refusal(`question ${place} does not score ${scores[wrong.position]} with row ${wrong.position}`);
  }
}

const refusal = (reason: string): OpenLedgerError =>
  new OpenLedgerError(
    `This is not the data of a calibration (${reason}): ask the operator for the file.`,
    'bad_calibration',
    400,
  );
