import { describe, expect, test } from 'vitest';
import { releaseHash } from '../release/releaseHash.ts';
import { hashJson } from '../schema/hashJson.ts';
import { receiptHash } from '../settlement/receipt.ts';
import { zeroHash } from '../tree/nodes.ts';
import { resign, testContext, testReceipt } from '../verify/testReceipt.ts';
import { verifyReceipt } from '../verify/verifyReceipt.ts';
import { agentRelease } from './agentRelease.ts';
import type { AgentRunJson } from './agentRun.ts';
import { checkRun, type RunReceipt } from './checkRun.ts';
import { runHash } from './runHash.ts';

const manifestHash = hashJson({ name: 'an agent' });
const ownRelease = releaseHash(agentRelease(manifestHash, 7, 2));
const nonce = hashJson('nonce');
const [inputHash, outputHash] = [hashJson('in'), hashJson('out')];

/** A run of two answers and a tool, with the receipts of the answers. */
async function honest(): Promise<{ bundle: RunReceipt; children: RunReceipt[]; run: AgentRunJson }> {
  const { bundle: base } = await testReceipt();
  const { channel, promptHash } = base.receipt;
  const parentReceipt = runHash({ channel, promptHash, nonce, releaseHash: ownRelease });
  const children = [11, 12].map((sequence) => ({
    ...base,
    receipt: { ...base.receipt, sequence, parentReceipt, fee: 30_000n },
  }));
  const hashes = children.map(({ receipt }) => receiptHash(receipt));
  const run: AgentRunJson = {
    nonce,
    agent: 'agent/7',
    version: 2,
    manifestHash,
    limit: '100000',
    spent: '60000',
    steps: [
      { kind: 'model', name: 'model/3', receipt: hashes[0], sequence: 11, inputHash, outputHash, ms: 5 },
      { kind: 'tool', name: 'https://tools.example/mcp count_words', inputHash, outputHash, ms: 5 },
      { kind: 'retrieve', name: 'datanet/1', receipt: hashes[1], sequence: 12, inputHash, outputHash, ms: 5 },
    ],
    children: [hashes[0] ?? zeroHash, hashes[1] ?? zeroHash],
  };
  const receipt = { ...base.receipt, ...nothing, agentSteps: 3, fee: 30_000n };
  return {
    bundle: withRun({ ...base, receipt, composition: [{ releaseHash: ownRelease, termsVersion: 1, weightBps: 10_000 }] }, run),
    children,
    run,
  };
}

const nothing = { promptTokens: 0, completionTokens: 0, retrievalTokens: 0 };
const withRun = (bundle: RunReceipt, run: AgentRunJson): RunReceipt => ({
  ...bundle,
  trace: JSON.parse(JSON.stringify({ run })),
});

describe('the run of an agent', () => {
  test('holds where steps, receipts and sums are as listed', async () => {
    const { bundle, children } = await honest();
    expect(checkRun(bundle, children)).toEqual({
      name: 'run',
      status: 'passed',
      sentence: '3 steps of agent/7 were charged as listed, and the 2 answers inside cost 60000 wei, within the limit of 100000.',
    });
    expect(checkRun(bundle, [...children].reverse()).status).toBe('passed');
  });

  test('is not added up where the receipts inside are missing, and says so', async () => {
    const { bundle } = await honest();
    expect(checkRun(bundle, undefined)).toMatchObject({ status: 'skipped', sentence: expect.stringContaining('were not given') });
  });

  test('counts what an agent inside has spent inside', async () => {
    const { bundle, children, run } = await honest();
    const [first, second] = children as [RunReceipt, RunReceipt];
    const steps = [{ ...run.steps[0], kind: 'agent' as const }, ...run.steps.slice(1)] as AgentRunJson['steps'];
    const inner = withRun(first, { ...run, agent: 'agent/2', spent: '5000', steps: [], children: [] });
    expect(checkRun(withRun(bundle, { ...run, steps, spent: '65000' }), [inner, second]).status).toBe('passed');
    expect(checkRun(withRun(bundle, { ...run, steps }), [inner, second])).toMatchObject({
      status: 'failed',
      sentence: 'The answers inside cost 65000 wei, the run says 60000.',
    });
    expect(checkRun(bundle, [inner, second])).toMatchObject({ sentence: expect.stringContaining('is of another kind') });
  });

  test.each<[string, (run: AgentRunJson) => Partial<AgentRunJson>, string]>([
    [
      'a step was left out of the list',
      ({ steps, children }) => ({ steps: steps.slice(0, 2), children: children.slice(0, 1) }),
      'lists 2 steps, the receipt charges 3',
    ],
    ['a receipt is missing from the list', ({ children }) => ({ children: children.slice(1) }), 'not those of the steps'],
    ['more was spent than allowed', () => ({ limit: '89999' }), 'cost 90000 wei, its limit was 89999'],
    ['less is said to have been spent', () => ({ spent: '1' }), 'inside cost 60000 wei, the run says 1'],
    ['another nonce opens it', () => ({ nonce: hashJson('other') }), 'does not belong to this run'],
    ['another agent ran', () => ({ agent: 'agent/8' }), 'The release of agent/8 with this manifest'],
    ['another manifest ran', () => ({ manifestHash: hashJson('other') }), 'The release of agent/7 with this manifest'],
    [
      'a paid step has no receipt',
      ({ steps, children }) => ({
        steps: [...steps.slice(0, 2), { kind: 'model', name: 'm', inputHash, outputHash, ms: 1 }],
        children: children.slice(0, 1),
      }),
      'has no receipt',
    ],
    [
      'a sequence is another',
      ({ steps }) => ({ steps: steps.map((step) => (step.sequence === 12 ? { ...step, sequence: 13 } : step)) }),
      'has sequence 12, the run says 13',
    ],
  ])('fails where %s', async (_, change, sentence) => {
    const { bundle, children, run } = await honest();
    expect(checkRun(withRun(bundle, { ...run, ...change(run) }), children)).toMatchObject({
      status: 'failed',
      sentence: expect.stringContaining(sentence),
    });
  });

  test('fails where steps are overcharged, tokens are charged, or a receipt inside is foreign or not there', async () => {
    const { bundle, children } = await honest();
    const sentenceOf = (changed: object, inside = children): string =>
      checkRun({ ...bundle, receipt: { ...bundle.receipt, ...changed } }, inside).sentence;
    expect(sentenceOf({ agentSteps: 4 })).toBe('The run lists 3 steps, the receipt charges 4.');
    expect(sentenceOf({ promptTokens: 1 })).toContain('no tokens');
    expect(sentenceOf({}, children.slice(1))).toContain('was not given');
    const [first, second] = children as [RunReceipt, RunReceipt];
    const foreign = { ...first, receipt: { ...first.receipt, parentReceipt: zeroHash } };
    expect(sentenceOf({}, [foreign, second])).toContain('was not given'); // it hashes to another one
  });

  test('is checked with the receipt that binds it', async () => {
    const { bundle } = await testReceipt();
    const { bundle: agent } = await honest();
    const status = async (trace: RunReceipt['trace']) => {
      const signed = await resign({ ...bundle, trace, receipt: { ...bundle.receipt, traceHash: hashJson(trace) } });
      return (await verifyReceipt(signed, testContext)).checks.find(({ name }) => name === 'run')?.status;
    };
    expect(await status(bundle.trace)).toBeUndefined();
    expect(await status(agent.trace)).toBe('failed'); // a model's receipt that claims a run
    expect(await status({ run: 'none' })).toBe('failed');
  });
});
