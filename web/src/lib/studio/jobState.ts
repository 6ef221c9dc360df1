import { m } from '#lib/paraglide/messages.js';

type Tone = 'plain' | 'accent' | 'gain' | 'fault' | 'wait';

/** State of a training job on the chain, in words. */
export function jobState(status: string): { text: string; tone: Tone } {
  const states: Record<string, { text: string; tone: Tone }> = {
    OPEN: { text: m.job_status_open(), tone: 'wait' },
    ACCEPTED: { text: m.job_status_accepted(), tone: 'accent' },
    ATTESTED: { text: m.job_status_attested(), tone: 'gain' },
    REFUNDED: { text: m.job_status_refunded(), tone: 'fault' },
  };
  return states[status] ?? { text: status, tone: 'plain' };
}

/** What the engine is doing, in words. */
export function phaseWords(phase: string): string {
  const phases: Record<string, string> = {
    waiting: m.phase_waiting(),
    quoted: m.phase_quoted(),
    accepted: m.phase_accepted(),
    queued: m.phase_queued(),
    started: m.phase_started(),
    resumed: m.phase_resumed(),
    training: m.phase_training(),
    evaluation: m.phase_evaluation(),
    index: m.phase_index(),
    done: m.phase_done(),
    uploading: m.phase_gathering(),
    attested: m.job_status_attested(),
    failed: m.phase_failed(),
    cancelled: m.phase_cancelled(),
    'timed-out': m.phase_timed_out(),
    'refund-due': m.phase_refund_due(),
    refunded: m.job_status_refunded(),
    finishing: m.phase_finishing(),
    declined: m.phase_declined(),
    taken: m.phase_taken(),
  };
  return phases[phase] ?? phase;
}
