/** Where a proposal stands, as a person asks: can I vote, has it passed, has it happened. */
export type Stage = 'pending' | 'active' | 'succeeded' | 'defeated' | 'queued' | 'ready' | 'executed' | 'canceled' | 'vetoed';

type Times = { status: string; voteStart: string; voteEnd: string; eta: string | null };

/** Of OpenZeppelin's ProposalState: how a vote ended. */
const DEFEATED = 3;
const SUCCEEDED = 4;

/** Whether the governor has said how a vote ended: its clock is the last block's, which may lag behind a person's. */
export const isVerdict = (state: number | undefined): boolean => state === DEFEATED || state === SUCCEEDED;

/**
 * Stage from what the index knows and, once voting is over, from the governor's own verdict; for what is queued, from
 * whether its time has come by the chain's clock.
 */
export function stageOf(
  { status, voteStart, voteEnd, eta }: Times,
  now: number,
  verdict: number | undefined,
  due: boolean,
): Stage | undefined {
  if (status === 'EXECUTED') return 'executed';
  if (status === 'CANCELED') return 'canceled';
  if (status === 'VETOED') return 'vetoed';
  if (status === 'QUEUED') return eta !== null && due ? 'ready' : 'queued';
  if (now <= Number(voteStart)) return 'pending';
  if (now <= Number(voteEnd)) return 'active';
  if (verdict === undefined) return undefined;
  if (!isVerdict(verdict)) return 'active'; // by the chain's clock it is not over yet
  return verdict === SUCCEEDED ? 'succeeded' : 'defeated';
}

/** What the list can be narrowed to. Whether an ended vote was won is the governor's to say, so `ended` holds both. */
export type StateFilter = 'pending' | 'active' | 'ended' | 'queued' | 'executed' | 'stopped';

/** The filter as a condition of the index, which knows events and times only. Nothing for what is no filter. */
export function inState(state: string, now: number) {
  const created = { status: 'CREATED' as const };
  const at = now.toString();
  const conditions = {
    pending: { ...created, voteStart_gte: at },
    active: { ...created, voteStart_lt: at, voteEnd_gte: at },
    ended: { ...created, voteEnd_lt: at },
    queued: { status: 'QUEUED' as const },
    executed: { status: 'EXECUTED' as const },
    stopped: { status_in: ['CANCELED' as const, 'VETOED' as const] },
  };
  return Object.hasOwn(conditions, state) ? conditions[state as StateFilter] : {};
}
