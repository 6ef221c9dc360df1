import { findInCatalogue } from '@openledger/sdk';
import type { Context } from '../context.ts';
import type { EngineHealth } from '../engine/schemas.ts';

type Base = NonNullable<EngineHealth['base']>;

/** A base model for people who choose one: what its makers say of it, and what training on it takes here. */
export async function describeBase({ engine, config, log }: Pick<Context, 'engine' | 'config' | 'log'>, base: Base) {
  const { id, name, family, licence, parameters, contextLength } = base;
  const known = findInCatalogue(name);
  const needs = config.training.isOffered
    ? await engine.trainingNeeds().catch((error: unknown) => {
        log.warn({ reason: String(error) }, 'the engine does not say what trainings need');
        return null;
      })
    : null;
  return {
    id,
    name,
    family,
    licence,
    parameters,
    contextLength,
    languages: known?.languages ?? [],
    strengths: known?.strengths ?? [],
    recommendedFor: known?.uses ?? [],
    card: known?.card ?? null,
    memoryBytes: needs?.kinds.lora?.memoryBytes ?? null,
    training: needs && { ...needs, price: config.training.pricePerToken },
  };
}
