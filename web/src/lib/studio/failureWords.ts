import { OpenLedgerError, type SettingChange, settingChangeSchema } from '@openledger/sdk';
import { formatOpen } from '#lib/format/amount.ts';
import { m } from '#lib/paraglide/messages.js';
import { explain } from '#lib/wallet/explain.ts';

/** Why a training cannot begin or go on, as an operator says it. */
export type Failure = {
  message: string | undefined;
  hint?: string | undefined;
  /** What went wrong, for programs; `cause` is more exact where one record is at fault. */
  code?: string | undefined;
  cause?: string | undefined;
  recordId?: string | undefined;
  /** The setting that is at fault, as the engine names it. */
  field?: string | undefined;
  /** Of an escrow that was too small: what the training costs, in wei. */
  price?: string | undefined;
  /** Settings with which it may go well, the best first. */
  changes?: readonly SettingChange[] | undefined;
};

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A failed request, as the engine and the service say it. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof OpenLedgerError)) return { message: explain(error) };
  const { cause, recordId, field, price, changes } = error.detail;
  return {
    message: explain(error),
    code: error.code,
    cause: text(cause),
    recordId: text(recordId),
    field: text(field),
    price: text(price),
    changes: settingChangeSchema.array().safeParse(changes).data,
  };
}

const plain: Record<string, () => string> = {
  too_long: m.failure_too_long,
  template_not_stable: m.failure_template,
  template_without_end: m.failure_template_end,
  control_token: m.failure_control_token,
  no_records: m.failure_no_records,
  trains_none: m.failure_trains_none,
  base_not_found: m.failure_base,
  quantisation_unsupported: m.failure_four_bits,
  too_late: m.failure_late,
  cancelled: m.failure_cancelled,
};

const byField: Record<string, () => string> = {
  'training.mix': m.failure_mix,
  'training.heldOutEvery': m.failure_all_held_out,
  'training.patience': m.failure_nothing_held_out,
  'training.checkpointEvery': m.failure_many_checkpoints,
};

/** A failure in the reader's language; undefined where only the operator's own words say it. */
export function failureWords({ code, cause, field, price, changes }: Failure): string | undefined {
  if (code === 'insufficient_escrow' && price && /^\d+$/.test(price))
    return m.failure_escrow({ amount: formatOpen(BigInt(price)) });
  const known = plain[cause ?? ''] ?? plain[code ?? ''] ?? byField[field ?? ''];
  if (known) return known();
  if (changes?.some(({ savesBytes }) => savesBytes !== undefined)) return m.failure_memory();
  if (changes?.some(({ set }) => set.learningRate !== undefined)) return m.failure_diverged();
  return undefined;
}
