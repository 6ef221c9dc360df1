import type { SeriesVariables } from './types.ts';

/**
 * Reads an aggregation with the interval that is not over. As long as nothing has happened in that one, the index makes a
 * row of nulls of it, which fails the whole query: then it is left out, which says the same.
 */
export async function readSeries<Result>(read: (current: SeriesVariables['current']) => Promise<Result>): Promise<Result> {
  try {
    return await read('include');
  } catch (error) {
    if (!String(error).includes('Null value resolved for non-null field')) throw error;
    return read('exclude');
  }
}
