import { expect, test } from 'vitest';
import { type JobEvent, progressOf } from './training.ts';

const log: JobEvent[] = [
  { seq: 0, type: 'queued' },
  { seq: 1, type: 'started', steps: 4, records: 30, heldOut: 3 },
  { seq: 2, type: 'evaluation', when: 'before', heldOutLoss: 3.1, samples: [{ prompt: 'p', reference: 'r', answer: 'a' }] },
  { seq: 3, type: 'step', step: 1, steps: 4, loss: 3, secondsLeft: 30 },
  { seq: 4, type: 'step', step: 2, steps: 4, loss: 2, secondsLeft: 20 },
];

test('a running job shows its losses and the time left', () => {
  const progress = progressOf(log);
  expect(progress.phase).toBe('training');
  expect(progress.losses).toEqual([
    { step: 1, loss: 3 },
    { step: 2, loss: 2 },
  ]);
  expect(progress.secondsLeft).toBe(20);
  expect(progress.heldOutBefore).toBe(3.1);
  expect(progress.samplesBefore).toBe(true);
  expect(progress.finished).toBe(false);
});

test('events replayed after a reconnect count once', () => {
  expect(progressOf([...log, ...log]).losses).toHaveLength(2);
});

test('a failure keeps its hint and ends the log', () => {
  const progress = progressOf([...log, { seq: 5, type: 'failed', message: 'Killed.', hint: 'Train on fewer records.' }]);
  expect(progress.failure).toEqual({ message: 'Killed.', hint: 'Train on fewer records.' });
  expect(progress.finished).toBe(true);
});

test('a refund that is due keeps the reason of the failure before it', () => {
  const progress = progressOf([...log, { seq: 5, type: 'failed', message: 'Killed.' }, { seq: 6, type: 'refund-due' }]);
  expect(progress.failure?.message).toBe('Killed.');
});

test('attestation names the release', () => {
  expect(progressOf([...log, { seq: 5, type: 'attested', releaseHash: '0xab' }]).releaseHash).toBe('0xab');
});

test('a training that goes on after an interruption shows each step once', () => {
  const later: JobEvent[] = [
    { seq: 5, type: 'resumed', step: 1, steps: 4 },
    { seq: 6, type: 'step', step: 2, steps: 4, loss: 2 },
    { seq: 7, type: 'step', step: 3, steps: 4, loss: 1 },
  ];
  expect(progressOf([...log, ...later]).losses.map(({ step }) => step)).toEqual([1, 2, 3]);
  const failed: JobEvent = { seq: 5, type: 'failed', message: 'Killed.' };
  expect(progressOf([...log, failed, { ...later[0], type: 'resumed', seq: 6 }]).failure).toBeUndefined();
});

test('a training that may stop early shows its held-out losses, and where it stopped', () => {
  const looks: JobEvent[] = [
    { seq: 5, type: 'held-out', step: 2, heldOutLoss: 2.5, best: 2 },
    { seq: 6, type: 'resumed', step: 1, steps: 4 },
    { seq: 7, type: 'step', step: 2, steps: 4, loss: 2, learningRate: 0.001, epoch: 1 },
    { seq: 8, type: 'held-out', step: 2, heldOutLoss: 2.5, best: 2 },
    { seq: 9, type: 'checkpoint', step: 2 },
    { seq: 10, type: 'held-out', step: 3, heldOutLoss: 2.7, best: 2 },
    { seq: 11, type: 'stopped-early', step: 3, steps: 4, best: 2 },
  ];
  const progress = progressOf([...log, ...looks]);
  expect(progress.heldOut).toEqual([
    { step: 2, loss: 2.5 },
    { step: 3, loss: 2.7 },
  ]);
  expect(progress).toMatchObject({ best: 2, stoppedAt: 3, checkpoints: [2], learningRate: 0.001, epoch: 1, phase: 'training' });
});

test('what may help stays with a failure until the refund, and goes when another operator takes the job', () => {
  const changes = [{ set: { batchSize: 2, accumulate: 2 }, savesBytes: 1_000 }];
  const failed: JobEvent[] = [
    { seq: 5, type: 'failed', message: 'Out of memory.', hint: 'Less.', changes },
    { seq: 6, type: 'refund-due' },
  ];
  expect(progressOf([...log, ...failed]).failure).toMatchObject({ message: 'Out of memory.', changes });
  const declined: JobEvent = { seq: 1, type: 'declined', message: 'Too little.', code: 'insufficient_escrow', price: '7' };
  expect(progressOf([declined]).failure).toMatchObject({ code: 'insufficient_escrow', price: '7' });
  expect(progressOf([declined, { seq: 2, type: 'taken' }]).failure).toBeUndefined();
  expect(
    progressOf([
      { seq: 1, type: 'cancelled' },
      { seq: 2, type: 'refund-due' },
    ]).failure?.code,
  ).toBe('cancelled');
});
