import { m } from '#lib/paraglide/messages.js';

type Tone = 'plain' | 'accent' | 'gain' | 'fault' | 'wait';

/** A contribution's state in words, with its tone. */
export function contributionState(status: string): { text: string; tone: Tone } {
  const states: Record<string, { text: string; tone: Tone }> = {
    COMMITTED: { text: m.status_committed(), tone: 'plain' },
    REVEALED: { text: m.status_revealed(), tone: 'wait' },
    ACCEPTED: { text: m.status_accepted(), tone: 'gain' },
    REJECTED: { text: m.status_rejected(), tone: 'fault' },
    WITHDRAWN: { text: m.status_withdrawn(), tone: 'plain' },
    REVOKED: { text: m.status_revoked(), tone: 'plain' },
  };
  return states[status] ?? { text: status, tone: 'plain' };
}

export function grantState(status: string, expiry: number, now: number): { text: string; tone: Tone } {
  if (status === 'APPROVED' && expiry <= now) return { text: m.grant_expired(), tone: 'plain' };
  const states: Record<string, { text: string; tone: Tone }> = {
    REQUESTED: { text: m.grant_requested(), tone: 'wait' },
    APPROVED: { text: m.grant_approved(), tone: 'gain' },
    REJECTED: { text: m.status_rejected(), tone: 'fault' },
    REVOKED: { text: m.grant_revoked(), tone: 'fault' },
  };
  return states[status] ?? { text: status, tone: 'plain' };
}

/** Why a contribution was rejected, and what it cost. */
export function rejectionText(rejection: string): string {
  const reasons: Record<string, string> = {
    LOW_QUALITY: m.reject_low_quality(),
    REDUNDANT: m.reject_redundant(),
    MALICIOUS: m.reject_malicious(),
  };
  return reasons[rejection] ?? rejection;
}
