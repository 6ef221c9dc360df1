import { m } from '#lib/paraglide/messages.js';
import type { JuryCase } from './types.ts';

/** The question of a case, as a juror is asked it. */
export function questionOf({ question, detail }: Pick<JuryCase, 'question' | 'detail'>): string {
  switch (question) {
    case 'OUTPUT':
      return m.jury_question_output();
    case 'QUERY':
      return m.jury_question_query();
    case 'ROW':
      return m.jury_question_row({ row: detail });
    case 'TRAINING':
      return m.jury_question_training({ segment: detail });
    case 'EVALUATION':
      return m.jury_question_evaluation({ item: detail });
  }
}

const STATUSES = {
  OPEN: { words: m.jury_open, tone: 'wait' },
  GUILTY: { words: m.jury_guilty, tone: 'fault' },
  INNOCENT: { words: m.jury_innocent, tone: 'gain' },
  DISMISSED: { words: m.jury_dismissed, tone: 'plain' },
} as const;

export const statusOf = (status: JuryCase['status']): (typeof STATUSES)[JuryCase['status']] => STATUSES[status];
