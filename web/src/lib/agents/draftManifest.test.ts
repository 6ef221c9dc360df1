import { readAgentManifest } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { type DraftData, draftOf, INITIAL, readDraft, readObject, toolTarget } from './draftManifest.ts';

const tools = 'https://tools.example/mcp';
const whole: DraftData = {
  ...INITIAL,
  name: ' Clerk ',
  goal: 'Explains a contract.',
  instructions: 'One paragraph.',
  models: [{ number: 3, purpose: 'Writes.' }],
  datanets: [1],
  agents: [{ number: 2, purpose: 'Translates.' }],
  servers: [
    {
      server: tools,
      name: 'Counter',
      localNetwork: false,
      tools: [{ name: 'count', description: 'Counts.', schema: '{"type":"object"}' }],
    },
  ],
  plan: 'steps',
  steps: [
    { kind: 'retrieve', target: '1', prompt: '', arguments: '{}' },
    { kind: 'tool', target: toolTarget(tools, 'count'), prompt: 'unused', arguments: '{"text":"{previous}"}' },
    { kind: 'agent', target: 'agent/2', prompt: 'Say {previous}', arguments: '{}' },
    { kind: 'model', target: 'model/3', prompt: '{question}', arguments: '{}' },
  ],
  spend: '0.25',
};

test('a whole draft is a manifest that operators can read', () => {
  const { manifest, missing } = readDraft(whole);
  expect(missing).toEqual([]);
  const read = readAgentManifest(JSON.stringify(manifest)).manifest;
  expect(read.name).toBe('Clerk');
  expect(read.limits).toEqual({ steps: 8, spend: 250_000_000_000_000_000n, seconds: 120 });
  expect(read.plan).toEqual({
    kind: 'steps',
    steps: [
      { kind: 'retrieve', datanet: 1 },
      { kind: 'tool', server: tools, tool: 'count', arguments: { text: '{previous}' } },
      { kind: 'agent', agent: 'agent/2', prompt: 'Say {previous}' },
      { kind: 'model', model: 'model/3', prompt: '{question}' },
    ],
  });
});

test('an empty draft lacks its idea and its plan, and nothing that it need not have', () => {
  expect(readDraft(INITIAL).missing).toEqual(['idea', 'plan']);
});

test.each<[string, Partial<DraftData>, string]>([
  ['a goal is missing', { goal: ' ' }, 'idea'],
  ['datanets without a model to answer from them', { models: [], agents: [], plan: 'free', planModel: 3 }, 'uses'],
  ['a model has no purpose', { models: [{ number: 3, purpose: '' }] }, 'uses'],
  ['a server is no address', { servers: [{ server: 'tools', name: 'x', localNetwork: false, tools: [] }] }, 'tools'],
  [
    'a server on the internet without https',
    { servers: [{ ...whole.servers[0], server: 'http://a.example' }] as DraftData['servers'] },
    'tools',
  ],
  ['a step names what was not chosen', { agents: [] }, 'plan'],
  ['the arguments of a tool are no JSON', { steps: [{ ...whole.steps[1], arguments: '{' }] as DraftData['steps'] }, 'plan'],
  ['more steps than the limit', { mostSteps: 3 }, 'plan'],
  ['a run that may cost nothing', { spend: '0' }, 'limits'],
  ['a run of an hour', { seconds: 3600 }, 'limits'],
  ['a price that is no amount', { price: 'much' }, 'price'],
  ['an operator that gets more than all', { operator: 101 }, 'price'],
])('%s', (_, change, part) => {
  const { manifest, missing } = readDraft({ ...whole, ...change });
  expect(missing).toContain(part);
  expect(manifest).toBeUndefined();
});

test('a published manifest comes back as the draft that it was made from', () => {
  const { manifest } = readDraft(whole);
  if (!manifest) throw new Error('no manifest');
  expect(readDraft(draftOf(manifest, INITIAL)).manifest).toEqual(manifest);
  const free = readDraft({ ...whole, plan: 'free', planModel: 3 }).manifest;
  if (!free) throw new Error('no manifest');
  expect(draftOf(free, INITIAL)).toMatchObject({ plan: 'free', planModel: 3, steps: [], spend: '0.25' });
});

test.each([
  ['', {}],
  [' { "a": 1 } ', { a: 1 }],
  ['[]', undefined],
  ['null', undefined],
  ['{', undefined],
])('%j is read as an object or refused', (text, expected) => {
  expect(readObject(text)).toEqual(expected);
});
