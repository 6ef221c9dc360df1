import { m } from '#lib/paraglide/messages.js';
import type { DraftData } from './draftData.ts';

/** Least and most that the engine takes; whole numbers but for those in `FRACTIONS`. */
const BOUNDS = {
  epochs: [1, 20],
  learningRate: [0.000001, 1],
  warmup: [0, 50],
  rank: [1, 64],
  alpha: [0, 1024],
  dropout: [0, 0.9],
  batchSize: [1, 64],
  accumulate: [1, 64],
  maxLength: [8, 131_072],
  heldOutEvery: [0, 10_000],
  patience: [0, 20],
  checkpointEvery: [0, 1_000_000],
  seed: [0, 4_294_967_295],
} as const satisfies Partial<Record<keyof DraftData, readonly [number, number]>>;

export type NumberName = keyof typeof BOUNDS;
export type Fault =
  | { code: 'range'; least: number; most: number; isWhole: boolean }
  | { code: 'context'; most: number }
  | { code: 'held_out_all' }
  | { code: 'patience_blind' }
  | { code: 'too_few_to_hold_out'; records: number };

const FRACTIONS = new Set<NumberName>(['learningRate', 'warmup', 'dropout']);
export const boundsOf = (name: NumberName): readonly [number, number] => BOUNDS[name];

/** What is known of where the settings are to hold; undefined while it is not. */
export type Around = { contextLength?: number | undefined; records?: number | undefined };

/** What is wrong with the settings, by field; nothing where a training could begin. */
export function faultsOf(data: DraftData, around: Around): Partial<Record<NumberName, Fault>> {
  const faults: Partial<Record<NumberName, Fault>> = {};
  for (const name of Object.keys(BOUNDS) as NumberName[]) {
    const [least, most] = BOUNDS[name];
    const isWhole = !FRACTIONS.has(name);
    // A number field that was emptied holds null or undefined, whatever its type says.
    const value: unknown = data[name];
    const isRight = typeof value === 'number' && value >= least && value <= most && (!isWhole || Number.isInteger(value));
    if (!isRight) faults[name] = { code: 'range', least, most, isWhole };
  }
  const { contextLength, records } = around;
  if (contextLength !== undefined && data.maxLength > contextLength) faults.maxLength = { code: 'context', most: contextLength };
  if (data.heldOutEvery === 1) faults.heldOutEvery = { code: 'held_out_all' };
  if (data.patience > 0 && data.heldOutEvery === 0) faults.patience = { code: 'patience_blind' };
  else if (data.patience > 0 && records !== undefined && records < data.heldOutEvery)
    faults.patience = { code: 'too_few_to_hold_out', records };
  return faults;
}

/** A fault as a sentence that says what to do. */
export function faultWords(fault: Fault): string {
  switch (fault.code) {
    case 'range': {
      const bounds = { least: String(fault.least), most: String(fault.most) };
      return fault.isWhole ? m.setting_whole(bounds) : m.setting_range(bounds);
    }
    case 'context':
      return m.setting_context({ most: String(fault.most) });
    case 'held_out_all':
      return m.setting_held_out_all();
    case 'patience_blind':
      return m.setting_patience_blind();
    case 'too_few_to_hold_out':
      return m.setting_patience_few({ records: String(fault.records) });
  }
}

/** A share of a mix as the engine takes it. */
export const isWeight = (weight: unknown): weight is number =>
  typeof weight === 'number' && Number.isInteger(weight) && weight >= 1 && weight <= 10_000;

/** Whether one of the shares of a mix is none. */
export function weightFaults({ weights }: Pick<DraftData, 'weights'>, datanets: readonly number[]): boolean {
  const chosen = datanets.map((number) => weights[String(number)] ?? 1);
  return datanets.length > 1 && !chosen.every(isWeight);
}
