/** Where a proposal stands, as a person asks: can I vote, has it passed, has it happened. */
export type Stage = 'pending' | 'active' | 'succeeded' | 'defeated' | 'queued' | 'ready' | 'executed' | 'canceled' | 'vetoed';

type Times = { status: string; voteStart: string; voteEnd: string; eta: string | null };

/** OpenZeppelin's ProposalState that says a vote was won. */
const SUCCEEDED = 4;

/** Stage from what the index knows and, once voting is over, from the governor's own verdict. */
export function stageOf({ status, voteStart, voteEnd, eta }: Times, now: number, verdict: number | undefined): Stage | undefined {
  if (status === 'EXECUTED') return 'executed';
  if (status === 'CANCELED') return 'canceled';
  if (status === 'VETOED') return 'vetoed';
  if (status === 'QUEUED') return eta !== null && Number(eta) <= now ? 'ready' : 'queued';
  if (now <= Number(voteStart)) return 'pending';
  if (now <= Number(voteEnd)) return 'active';
  if (verdict === undefined) return undefined;
  return verdict === SUCCEEDED ? 'succeeded' : 'defeated';
}
