/** One thing that was looked at. `skipped`: what it needs was not given, the sentence says what. */
export type Check = { name: string; status: 'passed' | 'failed' | 'skipped'; sentence: string };

export function check(name: string, holds: boolean, passed: string, failed: string): Check {
  return { name, status: holds ? 'passed' : 'failed', sentence: holds ? passed : failed };
}

export function skipped(name: string, sentence: string): Check {
  return { name, status: 'skipped', sentence };
}

/** Runs one check; a value it cannot even hash fails it. */
export async function attempt(name: string, run: () => Check | Promise<Check>): Promise<Check> {
  try {
    return await run();
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { name, status: 'failed', sentence: `Could not be checked, which an honest receipt never causes: ${reason}` };
  }
}

export const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
