import type { ExportFormat, ReleaseExports } from '@openledger/sdk';
import { m } from '#lib/paraglide/messages.js';

export type FormatState = ReleaseExports['formats'][number];

/** What a format is called, and who would want it. */
export function formatWords(format: ExportFormat): { name: string; purpose: string } {
  const words: Record<ExportFormat, { name: string; purpose: string }> = {
    peft: { name: m.format_peft(), purpose: m.format_peft_hint() },
    merged: { name: m.format_merged(), purpose: m.format_merged_hint() },
    'gguf-f16': { name: m.format_gguf_f16(), purpose: m.format_gguf_f16_hint() },
    'gguf-q8_0': { name: m.format_gguf_q8(), purpose: m.format_gguf_q8_hint() },
  };
  return words[format];
}

/** How far an export is, in words. */
export function stageWords({ status, stage }: Pick<FormatState, 'status' | 'stage'>): string {
  if (status === 'queued') return m.export_queued();
  const stages: Record<string, string> = { read: m.export_read(), write: m.export_write(), check: m.export_check() };
  return stages[stage ?? ''] ?? m.export_begins();
}

/** The card's own text: without the lines at its head that programs read. */
export function cardBody(text: string): string {
  return text.replace(/^---\n[\s\S]*?\n---\n/, '').trim();
}
