import { type Logger, pino } from 'pino';

export type Log = Logger;

/** One line of JSON an event. Keys, prompts and answers never reach it: nothing of a request is logged but its route and outcome. */
export function openLog(level: string): Log {
  return pino({
    level,
    base: null,
    redact: { paths: ['*.authorization', '*.apiKey', '*.messages', '*.answer', '*.operatorKey'], remove: true },
  });
}
