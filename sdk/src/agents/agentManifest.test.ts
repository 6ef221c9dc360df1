import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../schema/canonicalJson.ts';
import { keccakText } from '../schema/keccak.ts';
import { agentManifestHash, agentManifestSchema, mostManifestBytes, readAgentManifest } from './agentManifest.ts';
import { testManifest } from './testManifest.ts';

const problemOf = (change: object): string | undefined => {
  const read = agentManifestSchema.safeParse({ ...testManifest, ...change });
  const issue = read.success ? undefined : read.error.issues[0];
  return issue && `${issue.path.join('.')}: ${issue.message}`;
};
const steps = (...list: object[]) => ({ plan: { kind: 'steps', steps: list } });

describe('agentManifestSchema', () => {
  it('reads the spending limit as a bigint and writes all back as it was', () => {
    const manifest = agentManifestSchema.parse(testManifest);
    expect(manifest.limits.spend).toBe(2n * 10n ** 18n);
    expect(agentManifestSchema.encode(manifest)).toEqual(testManifest);
  });

  it('knows free and fixed plans, with prompts or without', () => {
    expect(problemOf({ plan: { kind: 'free', model: 'model/4' } })).toBeUndefined();
    expect(problemOf(steps({ kind: 'model', model: 'model/3' }))).toBeUndefined();
  });

  it('refuses what it does not know, and documents of another version', () => {
    expect(problemOf({ key: 'secret' })).toContain('key');
    expect(problemOf({ version: 2 })).toContain('version');
  });

  it('refuses a plan that names what the manifest does not', () => {
    expect(problemOf({ plan: { kind: 'free', model: 'model/9' } })).toBe('plan.model: is not among the models');
    expect(problemOf(steps({ kind: 'model', model: 'model/9' }))).toBe('plan.steps.0: model/9 is not among the models');
    expect(problemOf(steps({ kind: 'retrieve', datanet: 9 }))).toBe('plan.steps.0: datanet 9 is not among the datanets');
    expect(problemOf(steps({ kind: 'agent', agent: 'agent/9' }))).toBe('plan.steps.0: agent/9 is not among the agents');
    const server = testManifest.tools[0]?.server ?? '';
    expect(problemOf(steps({ kind: 'tool', server, tool: 'rm', arguments: {} }))).toBe(
      `plan.steps.0: tool rm of ${server} is not among the tools`,
    );
    expect(problemOf({ models: [], plan: { kind: 'steps', steps: [{ kind: 'retrieve', datanet: 1 }] } })).toBe(
      'models: must name the model that answers from the datanets',
    );
  });

  it('refuses more steps than its own limit, and names that stand twice', () => {
    const one = { kind: 'model', model: 'model/3' };
    expect(problemOf(steps(one, one, one, one, one, one, one, one, one))).toBe('plan.steps: has 9 steps, limits.steps allows 8');
    expect(problemOf({ datanets: [1, 1] })).toBe('datanets: names one of them twice');
    const [server] = testManifest.tools;
    expect(problemOf({ tools: [{ ...server, tools: [...(server?.tools ?? []), ...(server?.tools ?? [])] }] })).toBe(
      'tools.0.tools: names one of them twice',
    );
  });

  it('takes plain HTTP only in the local network', () => {
    const [server] = testManifest.tools;
    const at = (change: object) =>
      problemOf({ ...{ plan: { kind: 'free', model: 'model/3' } }, tools: [{ ...server, ...change }] });
    expect(at({ server: 'http://tools.example/mcp' })).toBe('tools.0.server: must begin with https://');
    expect(at({ server: 'ftp://tools.example/mcp' })).toBe('tools.0.server: must be a URL that begins with https://');
    expect(at({ server: 'http://127.0.0.1:9000/mcp', localNetwork: true })).toBeUndefined();
  });
});

describe('readAgentManifest', () => {
  it('hashes the canonical form, however the file is laid out', () => {
    const { manifestHash } = readAgentManifest(JSON.stringify(testManifest, null, 2));
    expect(manifestHash).toBe(keccakText(canonicalJson(testManifest)));
    expect(manifestHash).toBe(agentManifestHash(testManifest));
    expect(readAgentManifest(JSON.stringify({ ...testManifest, name: 'Other' })).manifestHash).not.toBe(manifestHash);
  });

  it('says what is wrong with a file', () => {
    expect(() => readAgentManifest('{')).toThrow('The manifest is no JSON.');
    expect(() => readAgentManifest(JSON.stringify({ ...testManifest, name: '' }))).toThrow('not right at name: is empty.');
    expect(() => readAgentManifest('[]')).toThrow('not right at its top');
    const large = JSON.stringify({ ...testManifest, padding: 'é'.repeat(mostManifestBytes / 2) });
    expect(() => readAgentManifest(large)).toThrow(/has \d+ bytes, 65536 are allowed/);
  });
});
