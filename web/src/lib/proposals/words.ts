import { m } from '#lib/paraglide/messages.js';
import type { ProposalSummary, Step } from './types.ts';

type Words = { text: string; tone: 'plain' | 'gain' | 'fault' | 'wait' | 'accent' };

export function statusWords(proposal: Pick<ProposalSummary, 'status' | 'deadline'>, now: number): Words {
  switch (proposal.status) {
    case 'OPEN':
      return Number(proposal.deadline) < now
        ? { text: m.mp_status_over(), tone: 'wait' }
        : { text: m.mp_status_open(), tone: 'accent' };
    case 'TRAINING':
      return { text: m.mp_status_training(), tone: 'wait' };
    case 'REVEALED':
      return { text: m.mp_status_revealed(), tone: 'wait' };
    case 'REPORTED':
      return { text: m.mp_status_reported(), tone: 'wait' };
    case 'PASSED':
      return { text: m.mp_status_passed(), tone: 'gain' };
    case 'ENDED':
      return { text: m.mp_status_ended(), tone: 'plain' };
  }
}

export function endWords(reason: NonNullable<ProposalSummary['endReason']>): string {
  return {
    CANCELLED: m.mp_end_cancelled(),
    NOT_FUNDED: m.mp_end_not_funded(),
    NOT_APPROVED: m.mp_end_not_approved(),
    NOT_STARTED: m.mp_end_not_started(),
    NOT_TRAINED: m.mp_end_not_trained(),
    NOT_REVEALED: m.mp_end_not_revealed(),
    NOT_REPORTED: m.mp_end_not_reported(),
    BELOW_MARK: m.mp_end_below_mark(),
    CONVICTED: m.mp_end_convicted(),
  }[reason];
}

export function stepWords(kind: Step['kind']): string {
  return {
    CREATED: m.mp_step_created(),
    BACKED: m.mp_step_backed(),
    WITHDRAWN: m.mp_step_withdrawn(),
    VOTED: m.mp_step_voted(),
    STARTED: m.mp_step_started(),
    QUOTE_ACCEPTED: m.mp_step_quote_accepted(),
    REVEALED: m.mp_step_revealed(),
    REPORTED: m.mp_step_reported(),
    HELD: m.mp_step_held(),
    RELEASED: m.mp_step_released(),
    PASSED: m.mp_step_passed(),
    ENDED: m.mp_step_ended(),
    COLLECTED: m.mp_step_collected(),
  }[kind];
}
