import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const began = Date.now();
const clock = () => {
  const seconds = Math.round((Date.now() - began) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
};
const say = (line) => console.log(`${clock()}  ${line}`);

/** Says what will be done, how much will be downloaded and about how long it takes. */
export function announce(steps) {
  if (steps.length === 0) return;
  const megabytes = steps.reduce((sum, step) => sum + (step.megabytes ?? 0), 0);
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
  console.log(
    `To do first${megabytes ? ` (downloads about ${megabytes} MB` : ' (no downloads'}, about ${Math.ceil(seconds / 60)} min on two cores):`,
  );
  for (const step of steps) {
    console.log(`  - ${step.title}${step.megabytes ? `, ${step.megabytes} MB` : ''}, ~${step.seconds} s`);
  }
}

/** What a running step says of itself: how far, how long left. */
function progressOf({ step, start }) {
  const passed = Math.round((Date.now() - start) / 1000);
  const share = step.progress?.();
  const far = share === undefined ? `${passed} s` : `${Math.min(99, Math.round(share * 100))} %`;
  const left = share > 0.05 && share < 1 ? Math.round(passed / share - passed) : step.seconds - passed;
  return `${step.title} ${far}, ${left > 0 ? `about ${left} s left` : 'slower than usual'}`;
}

/** Runs the steps that are due as soon as what each needs is done; all at once where nothing stands between. */
export async function runSteps(due, all) {
  const finished = new Map();
  const running = new Set();
  const failed = [];
  const beat = setInterval(() => running.size && say([...running].map(progressOf).join(' · ')), 15_000);
  const run = async (step) => {
    await Promise.all((step.after ?? []).map((name) => finished.get(name)));
    if (failed.length) return;
    const entry = { step, start: Date.now() };
    running.add(entry);
    say(`${step.title} …`);
    try {
      await step.run();
      step.finish();
      say(`✓ ${step.title} (${((Date.now() - entry.start) / 1000).toFixed(0)} s)`);
    } catch (error) {
      failed.push(error);
      say(`✗ ${step.title} failed${running.size > 1 ? '; what runs now is finished first' : ''}`);
    } finally {
      running.delete(entry);
    }
  };
  for (const step of all) if (due.includes(step)) finished.set(step.name, run(step));
  await Promise.all(finished.values());
  clearInterval(beat);
  if (failed.length) throw failed[0];
}

/** Runs a command with its output in a log. Rejects with a sentence and the end of the log. */
export function command(name, args, { log, cwd, env, hint }) {
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'a');
  writeSync(file, `\n--- ${new Date().toISOString()} ${name} ${args.join(' ')}\n`);
  return new Promise((done, failed) => {
    const child = spawn(name, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', file, file] });
    child.on('error', (error) => failed(new Error(`${name} could not be run: ${error.message}`)));
    child.on('exit', (code) => {
      if (code === 0) return done();
      const tail = readFileSync(log, 'utf8').slice(-2500);
      const offline = /ENOTFOUND|EAI_AGAIN|Temporary failure in name resolution|NewConnectionError|ECONNREFUSED|ETIMEDOUT/.test(
        tail,
      );
      const full = /ENOSPC|No space left/.test(tail);
      const why = full
        ? 'The disk is full: make room, then run the same command again.'
        : offline
          ? 'The package registry cannot be reached: check the network connection, then run the same command again.'
          : (hint ?? 'Run the same command again after mending what the log says.');
      failed(new Error(`${tail}\n\n${name} ${args[0]} failed (log: ${log}). ${why}`));
    });
  });
}
