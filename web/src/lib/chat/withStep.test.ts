import type { StepEvent } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { withStep } from './withStep.ts';

const step = (change: Partial<StepEvent>): StepEvent => ({
  step: 0,
  kind: 'model',
  name: 'model/3',
  status: 'started',
  agent: 'agent/1',
  depth: 0,
  input: '',
  ...change,
});
const told = (...events: StepEvent[]) =>
  events
    .reduce<StepEvent[]>((steps, event) => withStep(steps, event), [])
    .map(({ agent, depth, step, status, output }) => [agent, depth, step, status, output]);

test('a step that ends takes the place of its beginning', () => {
  expect(told(step({}), step({ status: 'done', output: 'a' }), step({ step: 1 }))).toEqual([
    ['agent/1', 0, 0, 'done', 'a'],
    ['agent/1', 0, 1, 'started', undefined],
  ]);
});

test('steps of an agent that is called inside stand within the step that called it, twice if it is called twice', () => {
  const inner = { agent: 'agent/2', depth: 1 };
  expect(
    told(
      step({ kind: 'agent' }),
      step(inner),
      step({ ...inner, status: 'done', output: 'x' }),
      step({ kind: 'agent', status: 'done', output: 'x' }),
      step({ kind: 'agent', step: 1 }),
      step(inner),
      step({ ...inner, status: 'done', output: 'y' }),
    ),
  ).toEqual([
    ['agent/1', 0, 0, 'done', 'x'],
    ['agent/2', 1, 0, 'done', 'x'],
    ['agent/1', 0, 1, 'started', undefined],
    ['agent/2', 1, 0, 'done', 'y'],
  ]);
});

test('an end without its beginning, as of a run that went on, is shown too', () => {
  expect(told(step({ status: 'done', output: 'a' }))).toEqual([['agent/1', 0, 0, 'done', 'a']]);
});
