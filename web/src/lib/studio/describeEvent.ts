import { shortHash } from '#lib/format/address.ts';
import type { JobEvent } from '#lib/gateway/training.ts';
import { m } from '#lib/paraglide/messages.js';
import { phaseWords } from './jobState.ts';

/** One line of a training log. */
export function describeEvent(event: JobEvent): string {
  switch (event.type) {
    case 'step':
      return `${event.step ?? '?'}/${event.steps ?? '?'}  loss ${event.loss?.toFixed(3) ?? '–'}  lr ${event.learningRate?.toExponential(1) ?? '–'}`;
    case 'started':
      return `${phaseWords('started')}  ${event.records ?? '?'} + ${event.heldOut ?? 0}  ${event.trainTokens ?? '?'} tokens`;
    case 'evaluation':
      return `${phaseWords('evaluation')} (${event.when ?? ''})  ${event.heldOutLoss?.toFixed(4) ?? '–'}`;
    case 'index':
      return `${phaseWords('index')}  ${event.done ?? 0}/${event.total ?? '?'}`;
    case 'resumed':
      return `${phaseWords('resumed')}  ${event.step ?? 0}/${event.steps ?? '?'}`;
    case 'checkpoint':
      return m.log_checkpoint({ step: String(event.step ?? '?') });
    case 'held-out':
      return `${m.live_held_out()}  ${event.heldOutLoss?.toFixed(4) ?? '–'}`;
    case 'stopped-early':
      return m.stopped_early({ step: String(event.step ?? '?'), best: String(event.best ?? '?') });
    case 'declined':
      return [phaseWords('declined'), event.message].filter(Boolean).join('  ');
    case 'attested':
      return `${phaseWords('attested')}  ${event.releaseHash ? shortHash(event.releaseHash) : ''}`;
    case 'failed':
      return [phaseWords('failed'), event.message, event.hint].filter(Boolean).join('  ');
    default:
      return phaseWords(event.type);
  }
}
