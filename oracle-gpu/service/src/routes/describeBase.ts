import type { EngineHealth } from '../engine/schemas.ts';

type Base = NonNullable<EngineHealth['base']>;
type Words = { languages: string[]; strengths: string; recommendedFor: string };

/** What the makers of known families of models say of them. */
const families: Record<string, Words> = {
  llama: {
    languages: ['en'],
    strengths: 'General chat and short texts in English',
    recommendedFor: 'Answers about one narrow domain, trained in minutes',
  },
};

/** Training keeps weights, gradients and two moments of the adapter beside the activations: measured at about six bytes a parameter. */
const bytesPerParameter = 6;

/** A base model for people who choose one. */
export function describeBase({ id, name, family, licence, parameters, contextLength }: Base) {
  const words = families[family] ?? { languages: [], strengths: '', recommendedFor: '' };
  return { id, name, family, licence, parameters, contextLength, ...words, memoryBytes: parameters * bytesPerParameter };
}
