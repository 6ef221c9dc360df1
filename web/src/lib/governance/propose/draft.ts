import type { Call } from '../effects.ts';

/** What a form of a kind hands up: the calls, once all is filled in as it must be. */
export type Draft = { calls: Call[] } | undefined;
