import { ServiceError } from '../errors.ts';

/** Looks once; if it is not there, reads the chain up to its head and looks again. */
export async function orFresh<T>(freshen: () => Promise<void>, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status !== 404) throw error;
    await freshen();
    return look();
  }
}
