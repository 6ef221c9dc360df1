import type { AgentManifestJson } from './agentManifest.ts';

/** A manifest that uses everything an agent can use; for tests. */
export const testManifest: AgentManifestJson = {
  version: 1,
  name: 'Contract clerk',
  goal: 'Explains a function of an audited contract and says who wrote it.',
  instructions: 'Answer in one paragraph. Say which source each claim rests on.',
  models: [
    { model: 'model/3', purpose: 'Plans, and writes the answer.' },
    { model: 'model/4', purpose: 'Reads Solidity.' },
  ],
  datanets: [1],
  tools: [
    {
      server: 'https://tools.example/mcp',
      name: 'Counter',
      tools: [
        {
          name: 'count_words',
          description: 'Counts the words of a text.',
          inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
        },
      ],
    },
  ],
  agents: [{ agent: 'agent/2', purpose: 'Translates.' }],
  limits: { steps: 8, spend: '2000000000000000000', seconds: 120 },
  plan: {
    kind: 'steps',
    steps: [
      { kind: 'retrieve', datanet: 1 },
      { kind: 'model', model: 'model/4', prompt: '{question}\n\nFrom the sources: {previous}' },
      { kind: 'tool', server: 'https://tools.example/mcp', tool: 'count_words', arguments: { text: '{previous}' } },
      { kind: 'agent', agent: 'agent/2', prompt: 'Say in other words: {previous}' },
    ],
  },
};
