import type { JobSpec } from '@openledger/sdk';

export type Kind = JobSpec['method']['kind'];

/** Kinds of adapter that the engine trains, the plainest first. */
export const KINDS = ['lora', 'rslora', 'dora', 'qlora'] as const satisfies readonly Kind[];

/** The same in every language. */
const NAMES: Record<Kind, string> = { lora: 'LoRA', rslora: 'rsLoRA', dora: 'DoRA', qlora: 'QLoRA' };

/** Name of a kind as a job's document has it, which may be one that is not known here. */
export function kindName(kind: string | null): string {
  const known = KINDS.find((each) => each === kind);
  return known ? NAMES[known] : (kind ?? '');
}
