/** As ApprovalRules.sol has it: records weigh; a fifth of the version must have voted by the deadline. */
const QUORUM_BPS = 2_000n;

export type ApprovalState = 'voting' | 'approved' | 'refused';

type Votes = { total: string; yes: string; no: string };

/** What the votes on one datanet add up to. `deadline` and `now` in Unix seconds. */
export function approvalState({ total, yes, no }: Votes, deadline: number, now: number): ApprovalState {
  const [all, agree, refuse] = [BigInt(total), BigInt(yes), BigInt(no)];
  if (2n * agree > all) return 'approved';
  if (all > 0n && 2n * refuse >= all) return 'refused';
  if (now <= deadline) return 'voting';
  return agree > refuse && (agree + refuse) * 10_000n >= all * QUORUM_BPS ? 'approved' : 'refused';
}
