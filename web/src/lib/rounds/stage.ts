/** What an open round waits for, until when in Unix seconds; `late`: nobody showed the assignment in time. */
export type Stage = { step: 'judging' | 'revealing' | 'assigning'; until: number } | { step: 'late' } | { step: 'over' };

type Clocks = { status: string; commitEnd: string; revealEnd: string; assignmentEnd: string };

/** Where a round stands at `now`, in Unix seconds. A deadline's own second still counts. */
export function stageOf({ status, commitEnd, revealEnd, assignmentEnd }: Clocks, now: number): Stage {
  if (status !== 'OPEN') return { step: 'over' };
  const ends = { judging: commitEnd, revealing: revealEnd, assigning: assignmentEnd };
  for (const step of ['judging', 'revealing', 'assigning'] as const) {
    const until = Number(ends[step]);
    if (now <= until) return { step, until };
  }
  return { step: 'late' };
}
