import { approvalState } from './approvalState.ts';
import type { ProposalDetail } from './types.ts';

/** Clocks of ModelProposals that decide who may do what, in seconds. */
export type Rules = { startPeriod: bigint; revealPeriod: bigint };

/** What has to happen next: something that waits for somebody, or a call that anybody or the proposer can make now. */
export type Next =
  | { kind: 'gather'; missing: ('money' | 'votes' | 'grants')[] }
  | { kind: 'start' | 'quote' | 'train' | 'reveal' | 'evaluate' | 'object' | 'jury' | 'pass' | 'end' | 'over' };

/** @param now Unix seconds */
export function nextStep(proposal: ProposalDetail, rules: Rules, now: number): Next {
  switch (proposal.status) {
    case 'OPEN':
      return openStep(proposal, rules, now);
    case 'TRAINING':
      return trainingStep(proposal, rules, now);
    case 'REVEALED':
      return { kind: now > Number(proposal.reportBy) ? 'end' : 'evaluate' };
    case 'REPORTED':
      if (proposal.openCaseCount > 0) return { kind: 'jury' };
      return { kind: now > Number(proposal.disputeUntil) ? 'pass' : 'object' };
    case 'PASSED':
    case 'ENDED':
      return { kind: 'over' };
  }
}

function openStep(proposal: ProposalDetail, rules: Rules, now: number): Next {
  const deadline = Number(proposal.deadline);
  const states = proposal.datanets.map((approval) => approvalState(approval, deadline, now));
  const isFunded = proposal.raised === proposal.goal;
  const isLate = now > deadline + Number(rules.startPeriod);
  if (states.includes('refused') || isLate || (!isFunded && now > deadline)) return { kind: 'end' };
  const missing: ('money' | 'votes' | 'grants')[] = [];
  if (!isFunded) missing.push('money');
  if (!states.every((state) => state === 'approved')) missing.push('votes');
  if (!proposal.datanets.every(({ grant }) => grant.status === 'APPROVED')) missing.push('grants');
  return missing.length > 0 ? { kind: 'gather', missing } : { kind: 'start' };
}

function trainingStep({ job }: ProposalDetail, rules: Rules, now: number): Next {
  if (!job || job.status === 'REFUNDED') return { kind: 'end' };
  if (job.status === 'OPEN') return { kind: now > Number(job.openUntil) ? 'end' : 'quote' };
  if (job.status === 'ACCEPTED') return { kind: now > Number(job.deliverBy) ? 'end' : 'train' };
  return { kind: now > Number(job.attestedAt) + Number(rules.revealPeriod) ? 'end' : 'reveal' };
}
