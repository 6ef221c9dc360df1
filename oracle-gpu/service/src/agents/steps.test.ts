import { runStepSchema } from '@openledger/sdk';
import { describe, expect, test } from 'vitest';
import { createSteps, type DoneStep, type StepEvent, traceOf } from './steps.ts';

const receiptHash = `0x${'12'.repeat(32)}` as const;

function open(before: DoneStep[] = [], most = 3) {
  const stored: [number, DoneStep][] = [];
  const told: StepEvent[] = [];
  const run = new AbortController();
  const store = async (step: number, done: DoneStep): Promise<void> => void stored.push([step, done]);
  return {
    stored,
    told,
    run,
    steps: createSteps({ before, most, signal: run.signal, store, tell: (event) => told.push(event) }),
  };
}
const gives =
  (text: string, cost = 10n) =>
  async () => ({ output: { text }, receiptHash, sequence: 4, cost });

describe('steps of a run', () => {
  test('are done in the order in which they are asked for, each stored before the next', async () => {
    const { steps, stored, told } = open();
    const order: string[] = [];
    const slow = steps.do('model', 'model/1', { a: 1 }, async () => {
      await new Promise((done) => setTimeout(done, 5));
      order.push('first');
      return gives('one')();
    });
    const quick = steps.do('tool', 's t', {}, async () => {
      order.push(`second after ${stored.length}`);
      return { output: { text: 'two' } };
    });
    expect([(await slow).output.text, (await quick).output.text]).toEqual(['one', 'two']);
    expect(order).toEqual(['first', 'second after 1']);
    expect(steps.cost()).toBe(10n);
    expect(told.map(({ step, status }) => `${step} ${status}`)).toEqual(['0 started', '0 done', '1 started', '1 done']);
    expect(told[1]).toMatchObject({ output: 'one', receipt: receiptHash });
  });

  test('go on from those that were done, without doing them again', async () => {
    const first = open();
    await first.steps.do('model', 'model/1', { a: 1 }, gives('one'));
    const again = open([...first.steps.done()]);
    const made: string[] = [];
    const one = await again.steps.do('model', 'model/1', { a: 1 }, async () => {
      made.push('again');
      return gives('other')();
    });
    await again.steps.do('tool', 's t', {}, gives('two', 0n));
    expect([one.output.text, made, again.stored.map(([step]) => step), again.steps.cost()]).toEqual(['one', [], [1], 10n]);
    await expect(open([...first.steps.done()]).steps.do('model', 'model/1', { a: 2 }, gives('x'))).rejects.toMatchObject({
      code: 'run_changed',
    });
  });

  test('are as many as the manifest allows, and none after the end of the run', async () => {
    const { steps, run, stored } = open([], 1);
    await steps.do('model', 'model/1', {}, gives('one'));
    await expect(steps.do('model', 'model/1', {}, gives('two'))).rejects.toMatchObject({ code: 'agent_step_limit' });
    const other = open();
    other.run.abort(new Error('over'));
    await expect(other.steps.do('model', 'model/1', {}, gives('two'))).rejects.toThrow('over');
    run.abort();
    expect([stored.length, other.stored.length]).toEqual([1, 0]);
  });

  test('that fail are not stored, and the next has their place', async () => {
    const { steps, stored } = open();
    const failing = steps.do('tool', 's t', {}, () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    await steps.do('tool', 's u', {}, gives('two', 0n));
    expect(stored.map(([step, { name }]) => [step, name])).toEqual([[0, 's u']]);
  });

  test('stand in the trace with hashes instead of texts', async () => {
    const { steps } = open();
    const trace = traceOf(await steps.do('model', 'model/1', { question: 'secret' }, gives('hidden')));
    expect(runStepSchema.parse(trace)).toMatchObject({ kind: 'model', name: 'model/1', receipt: receiptHash, sequence: 4 });
    expect(JSON.stringify(trace)).not.toMatch(/secret|hidden/);
  });
});
