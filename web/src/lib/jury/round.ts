/** What a round waits for. `draw` and `decide` are for anyone, `commit` and `reveal` for its jurors. */
export type RoundStep = { step: 'draw' | 'commit' | 'reveal'; until: number } | { step: 'decide' } | { step: 'over' };

type Round = {
  status: string;
  round: number;
  drawn: number;
  drawBy: string;
  commitBy: string | null;
  revealBy: string | null;
  votes: readonly { round: number; choice: string | null }[];
};

/** Where an open case stands at `now`, in Unix seconds. A deadline's own second still counts. */
export function roundOf(round: Round, now: number): RoundStep {
  if (round.status !== 'OPEN') return { step: 'over' };
  if (round.commitBy === null || round.revealBy === null) {
    const until = Number(round.drawBy);
    return now <= until ? { step: 'draw', until } : { step: 'decide' };
  }
  const revealed = round.votes.filter((vote) => vote.round === round.round && vote.choice !== null).length;
  if (round.drawn > 0 && revealed === round.drawn) return { step: 'decide' };
  const commitBy = Number(round.commitBy);
  if (now <= commitBy) return { step: 'commit', until: commitBy };
  const revealBy = Number(round.revealBy);
  return now <= revealBy ? { step: 'reveal', until: revealBy } : { step: 'decide' };
}
