import { expect, test } from 'vitest';
import { stageOf } from './stage.ts';

const round = { status: 'OPEN', commitEnd: '100', revealEnd: '200', assignmentEnd: '300' };

test('a round is judged, shown and assigned in turn, each to its last second', () => {
  const steps = [0, 100, 101, 200, 201, 300, 301].map((now) => stageOf(round, now).step);
  expect(steps).toEqual(['judging', 'judging', 'revealing', 'revealing', 'assigning', 'assigning', 'late']);
  expect(stageOf(round, 101)).toEqual({ step: 'revealing', until: 200 });
});

test('a round that has ended waits for nothing, whatever its clocks say', () => {
  for (const status of ['SCORED', 'NO_QUORUM', 'WITHHELD', 'LEAKED', 'STRUCK'])
    expect(stageOf({ ...round, status }, 50)).toEqual({ step: 'over' });
});
