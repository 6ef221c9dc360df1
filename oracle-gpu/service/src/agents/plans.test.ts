import { agentManifestSchema } from '@openledger/sdk';
import { describe, expect, test } from 'vitest';
import { testManifest } from '../../../../sdk/src/agents/testManifest.ts';
import { ServiceError } from '../errors.ts';
import { followSteps } from './fixedPlan.ts';
import { followModel } from './freePlan.ts';
import type { Hands } from './hands.ts';
import type { StepOutput } from './steps.ts';

const manifest = agentManifestSchema.parse({ ...testManifest, plan: { kind: 'free', model: 'model/3' } });
const never = new AbortController().signal;
const asked = [{ role: 'user' as const, content: 'What is a vault?' }];

/** Hands whose models say what a script says, and whose other tools say their own names. */
function scripted(script: (StepOutput | Error)[]) {
  const done: unknown[][] = [];
  const hands: Hands = {
    manifest,
    model: async (...given) => {
      done.push(['model', ...given]);
      const next = script.shift();
      if (!next) throw new Error('The script is over.');
      if (next instanceof Error) throw next;
      return next;
    },
    retrieve: async (...given) => {
      done.push(['retrieve', ...given]);
      return { text: 'found' };
    },
    tool: async (...given) => {
      done.push(['tool', ...given]);
      return { text: 'told' };
    },
    agent: async (...given) => {
      done.push(['agent', ...given]);
      return { text: 'said' };
    },
  };
  return { hands, done };
}
const calls = (...list: [string, object][]): StepOutput => ({
  text: '',
  calls: list.map(([name, given]) => ({ name, arguments: JSON.stringify(given) })),
});

describe('a free plan', () => {
  test('has the tools of the manifest, uses those that its model calls, and ends with its answer', async () => {
    const { hands, done } = scripted([
      calls(['search_datanet_1', { question: 'vault' }]),
      calls(['count_words', { text: 'a b' }], ['ask_agent_2', { prompt: 'say it' }]),
      calls(['ask_model_4', { prompt: 'read it' }]),
      { text: 'Read.' },
      { text: 'A vault keeps money.' },
    ]);
    expect(await followModel(hands, 'model/3', asked, never)).toBe('A vault keeps money.');
    expect(done.map(([kind, what]) => `${kind} ${what}`)).toEqual([
      'model model/3',
      'retrieve 1',
      'model model/3',
      'tool https://tools.example/mcp',
      'agent agent/2',
      'model model/3',
      'model model/4',
      'model model/3',
    ]);
    const [, , messages, tools] = done[0] as [
      'model',
      string,
      { role: string; content: string }[],
      { function: { name: string } }[],
    ];
    expect(messages).toEqual([
      { role: 'system', content: `${manifest.goal}\n\n${manifest.instructions}` },
      { role: 'user', content: 'What is a vault?' },
    ]);
    expect(tools.map((one) => one.function.name)).toEqual(['ask_model_4', 'search_datanet_1', 'ask_agent_2', 'count_words']);
    const last = done.at(-1)?.[2] as { role: string; content: string }[];
    expect(last.map(({ role, content }) => [role, content]).slice(2)).toEqual([
      ['assistant', null],
      ['tool', 'found'],
      ['assistant', null],
      ['tool', 'told'],
      ['tool', 'said'],
      ['assistant', null],
      ['tool', 'Read.'],
    ]);
  });

  test('asks the same again when it goes on: names of calls are counted', async () => {
    const script = () => [calls(['count_words', { text: 'a' }]), { text: 'One.' }];
    const [first, second] = [scripted(script()), scripted(script())];
    for (const { hands } of [first, second]) await followModel(hands, 'model/3', asked, never);
    expect(first.done).toEqual(second.done);
  });

  test('ends with what ended a step, and asks nothing more', async () => {
    const limit = new ServiceError(422, 'agent_step_limit', 'Too many.');
    const { hands, done } = scripted([limit, { text: 'never' }]);
    await expect(followModel(hands, 'model/3', asked, never)).rejects.toBe(limit);
    expect(done.length).toBe(1);
    const inside = scripted([calls(['ask_agent_2', { prompt: 'x' }]), { text: 'never' }]);
    const loop = new ServiceError(422, 'agent_loop', 'Round and round.');
    await expect(followModel({ ...inside.hands, agent: () => Promise.reject(loop) }, 'model/3', asked, never)).rejects.toBe(loop);
    expect(inside.done.length).toBe(1);
  });

  test('tells its model of a call that names no tool, and goes on', async () => {
    const { hands, done } = scripted([calls(['rm', {}]), { text: 'I have none.' }]);
    expect(await followModel(hands, 'model/3', asked, never)).toBe('I have none.');
    expect(JSON.stringify(done[1])).toContain('rm');
  });

  test('needs an answer', async () => {
    const { hands } = scripted([{ text: ' ' }]);
    await expect(followModel(hands, 'model/3', asked, never)).rejects.toMatchObject({ code: 'agent_no_answer' });
  });
});

describe('a fixed plan', () => {
  test('does its steps in order, each with what the one before gave', async () => {
    const { hands, done } = scripted([{ text: 'A {question} of money.' }]);
    const { plan } = agentManifestSchema.parse(testManifest);
    if (plan.kind !== 'steps') throw new Error('The test needs a fixed plan.');
    expect(await followSteps(hands, plan.steps, 'What is a vault?')).toBe('said');
    expect(done).toEqual([
      ['retrieve', 1, 'What is a vault?'],
      [
        'model',
        'model/4',
        [
          { role: 'system', content: `${manifest.goal}\n\n${manifest.instructions}` },
          { role: 'user', content: 'What is a vault?\n\nFrom the sources: found' },
        ],
      ],
      // What a step gave is never read for placeholders.
      ['tool', 'https://tools.example/mcp', 'count_words', { text: 'A {question} of money.' }],
      ['agent', 'agent/2', 'Say in other words: told'],
    ]);
  });

  test('without prompts passes on question and result, and fills arguments at any depth', async () => {
    const { hands, done } = scripted([{ text: 'one' }, { text: 'two' }]);
    await followSteps(
      hands,
      [
        { kind: 'model', model: 'model/3' },
        { kind: 'model', model: 'model/3' },
        { kind: 'tool', server: 's', tool: 't', arguments: { a: [{ b: 'x {previous}', c: 1 }], d: null } },
      ],
      'q',
    );
    expect(done[0]?.[2]).toContainEqual({ role: 'user', content: 'q' });
    expect(done[1]?.[2]).toContainEqual({ role: 'user', content: 'q\n\none' });
    expect(done[2]?.[3]).toEqual({ a: [{ b: 'x two', c: 1 }], d: null });
  });
});
