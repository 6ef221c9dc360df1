import { z } from 'zod';

/** How one release did against another answerer in the votes of this browser. */
const tallySchema = z.object({ wins: z.int().min(0), losses: z.int().min(0), ties: z.int().min(0) });
const talliesSchema = z.record(z.string(), tallySchema);

export type Tally = z.infer<typeof tallySchema>;
export type Tallies = Record<string, Tally>;
export type Choice = 'A' | 'B' | 'tie';
/** Which letter stands for the release that is judged. */
export type Order = 'A' | 'B';

export const none: Tally = { wins: 0, losses: 0, ties: 0 };

const pairOf = (release: string, other: string): string => `${release}|${other}`;

/** What an earlier visit left; nothing where that cannot be read. */
export function readTallies(text: string | null): Tallies {
  try {
    const parsed = talliesSchema.safeParse(JSON.parse(text ?? '{}'));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

export const tallyOf = (tallies: Tallies, release: string, other: string): Tally => tallies[pairOf(release, other)] ?? none;

/** The tallies with one more vote. `order`: the letter that the release had. */
export function vote(tallies: Tallies, release: string, other: string, order: Order, choice: Choice): Tallies {
  const before = tallyOf(tallies, release, other);
  const field = choice === 'tie' ? 'ties' : choice === order ? 'wins' : 'losses';
  return { ...tallies, [pairOf(release, other)]: { ...before, [field]: before[field] + 1 } };
}

/** Share of the votes that the release won, a tie as half; undefined without votes. */
export function winShare({ wins, losses, ties }: Tally): number | undefined {
  const all = wins + losses + ties;
  return all === 0 ? undefined : (wins + ties / 2) / all;
}

/** A letter for the release, each as likely as the other. */
export const drawOrder = (): Order => ((crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) % 2 === 0 ? 'A' : 'B');
