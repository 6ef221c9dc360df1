import { type AgentManifestJson, agentManifestSchema } from '@openledger/sdk';
import { z } from 'zod';
import { parseOpen } from '#lib/format/amount.ts';

const named = z.object({ number: z.number(), purpose: z.string() });
const tool = z.object({ name: z.string(), description: z.string(), schema: z.string() });
const server = z.object({ server: z.string(), name: z.string(), localNetwork: z.boolean(), tools: z.array(tool) });

export const stepKinds = ['model', 'retrieve', 'tool', 'agent'] as const;
const step = z.object({ kind: z.enum(stepKinds), target: z.string(), prompt: z.string(), arguments: z.string() });

/** What is typed and chosen while an agent is composed; kept in this browser until it is published. */
export const draftSchema = z.object({
  name: z.string(),
  goal: z.string(),
  instructions: z.string(),
  models: z.array(named),
  datanets: z.array(z.number()),
  agents: z.array(named),
  servers: z.array(server),
  plan: z.enum(['free', 'steps']),
  planModel: z.number(),
  steps: z.array(step),
  mostSteps: z.number(),
  spend: z.string(), // OPEN
  seconds: z.number(),
  price: z.string(), // OPEN a step
  operator: z.number(), // percent of the step price
});

export type DraftData = z.infer<typeof draftSchema>;
export type DraftStep = DraftData['steps'][number];
export type DraftServer = DraftData['servers'][number];

export const INITIAL: DraftData = {
  name: '',
  goal: '',
  instructions: '',
  models: [],
  datanets: [],
  agents: [],
  servers: [],
  plan: 'free',
  planModel: 0,
  steps: [],
  mostSteps: 8,
  spend: '5',
  seconds: 120,
  price: '0.001',
  operator: 20,
};

/** Parts of the form, in the order in which they are filled in. */
export const parts = ['idea', 'uses', 'tools', 'plan', 'limits', 'price'] as const;
export type Part = (typeof parts)[number];

/** A tool as steps name it: server and tool in one text. */
export const toolTarget = (server: string, name: string): string => `${server} ${name}`;

/** A JSON object as typed; undefined if it is none. */
export function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() || '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function stepOf({ kind, target, prompt, arguments: given }: DraftStep): object {
  const asked = prompt.trim() === '' ? {} : { prompt: prompt.trim() };
  switch (kind) {
    case 'model':
      return { kind, model: target, ...asked };
    case 'retrieve':
      return { kind, datanet: Number(target), ...asked };
    case 'agent':
      return { kind, agent: target, ...asked };
    case 'tool': {
      const space = target.lastIndexOf(' ');
      return { kind, server: target.slice(0, space), tool: target.slice(space + 1), arguments: readObject(given) };
    }
  }
}

/** The manifest of a draft as far as it goes: it may not be one yet. */
export function documentOf(data: DraftData): unknown {
  return {
    version: 1,
    name: data.name.trim(),
    goal: data.goal.trim(),
    instructions: data.instructions.trim(),
    models: data.models.map(({ number, purpose }) => ({ model: `model/${number}`, purpose: purpose.trim() })),
    datanets: data.datanets,
    tools: data.servers.map(({ server, name, localNetwork, tools }) => ({
      server: server.trim(),
      name: name.trim(),
      tools: tools.map(({ name, description, schema }) => ({
        name: name.trim(),
        description: description.trim(),
        inputSchema: readObject(schema),
      })),
      ...(localNetwork ? { localNetwork } : {}),
    })),
    agents: data.agents.map(({ number, purpose }) => ({ agent: `agent/${number}`, purpose: purpose.trim() })),
    limits: { steps: data.mostSteps, spend: (parseOpen(data.spend) ?? 0n).toString(), seconds: data.seconds },
    plan:
      data.plan === 'free'
        ? { kind: 'free', model: `model/${data.planModel}` }
        : { kind: 'steps', steps: data.steps.map(stepOf) },
  };
}

/** Which part of the form a field of the manifest comes from. */
const PART_OF: Record<string, Part> = {
  name: 'idea',
  goal: 'idea',
  instructions: 'idea',
  models: 'uses',
  datanets: 'uses',
  agents: 'uses',
  tools: 'tools',
  plan: 'plan',
  limits: 'limits',
};

/** The manifest, or the parts of the form that keep it from being one. */
export function readDraft(data: DraftData): { manifest?: AgentManifestJson; missing: Part[] } {
  const document = documentOf(data);
  const read = agentManifestSchema.safeParse(document);
  const wrong = new Set<Part>();
  for (const { path } of read.error?.issues ?? []) wrong.add(PART_OF[String(path[0])] ?? 'idea');
  if (!parseOpen(data.spend)) wrong.add('limits');
  if (parseOpen(data.price) === undefined || !(data.operator >= 0 && data.operator <= 100)) wrong.add('price');
  const missing = parts.filter((part) => wrong.has(part));
  return missing.length === 0 && read.success ? { manifest: document as AgentManifestJson, missing } : { missing };
}

/** A draft that says what a published manifest says, to make the next version from. */
export function draftOf(manifest: AgentManifestJson, before: DraftData): DraftData {
  const numberOf = (name: string): number => Number(name.slice(name.indexOf('/') + 1));
  const { plan, limits } = manifest;
  return {
    ...before,
    name: manifest.name,
    goal: manifest.goal,
    instructions: manifest.instructions,
    models: manifest.models.map(({ model, purpose }) => ({ number: numberOf(model), purpose })),
    datanets: [...manifest.datanets],
    agents: manifest.agents.map(({ agent, purpose }) => ({ number: numberOf(agent), purpose })),
    servers: manifest.tools.map(({ server, name, localNetwork, tools }) => ({
      server,
      name,
      localNetwork: localNetwork === true,
      tools: tools.map(({ name, description, inputSchema }) => ({
        name,
        description,
        schema: JSON.stringify(inputSchema),
      })),
    })),
    plan: plan.kind,
    planModel: plan.kind === 'free' ? numberOf(plan.model) : 0,
    steps: plan.kind === 'free' ? [] : plan.steps.map(draftStepOf),
    mostSteps: limits.steps,
    spend: openOf(limits.spend),
    seconds: limits.seconds,
  };
}

type ManifestStep = Extract<AgentManifestJson['plan'], { kind: 'steps' }>['steps'][number];

function draftStepOf(step: ManifestStep): DraftStep {
  const empty = { prompt: '', arguments: '{}' };
  switch (step.kind) {
    case 'model':
      return { ...empty, kind: 'model', target: step.model, prompt: step.prompt ?? '' };
    case 'retrieve':
      return { ...empty, kind: 'retrieve', target: String(step.datanet), prompt: step.prompt ?? '' };
    case 'agent':
      return { ...empty, kind: 'agent', target: step.agent, prompt: step.prompt ?? '' };
    case 'tool':
      return {
        ...empty,
        kind: 'tool',
        target: toolTarget(step.server, step.tool),
        arguments: JSON.stringify(step.arguments),
      };
  }
}

/** Wei as the form's text: all digits, no separators. */
function openOf(wei: string): string {
  const padded = wei.padStart(19, '0');
  return `${padded.slice(0, -18)}.${padded.slice(-18)}`.replace(/\.?0*$/, '');
}
