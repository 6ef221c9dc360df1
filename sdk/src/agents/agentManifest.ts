import type { Hex } from 'viem';
import { z } from 'zod';
import { hashJson } from '../schema/hashJson.ts';
import { amountSchema } from '../schema/primitives.ts';

/** Most bytes of a manifest's JSON. */
export const mostManifestBytes = 64 * 1024;

const line = (most: number) => z.string().min(1, 'is empty').max(most, `has more than ${most} characters`);
const modelId = z.string().regex(/^model\/[1-9]\d{0,9}$/, 'must name a model, like model/3');
const agentId = z.string().regex(/^agent\/[1-9]\d{0,9}$/, 'must name an agent, like agent/2');
const datanetId = z.int().min(1).max(0xffffffff);
const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must have 1 to 64 letters, digits, _ or -');
/** `{question}` stands for what the run was asked, `{previous}` for what the step before gave. */
const prompt = line(8_000);

const toolSchema = z.strictObject({
  name: toolName,
  description: line(2_000),
  /** JSON Schema of its arguments, as the server states it. */
  inputSchema: z.record(z.string(), z.json()),
});

const toolServerSchema = z
  .strictObject({
    /** Where its MCP server answers (Streamable HTTP). */
    server: z.url({ protocol: /^https?$/, error: 'must be a URL that begins with https://' }).max(500),
    name: line(80),
    tools: z.array(toolSchema).min(1, 'names no tool').max(32, 'names more than 32 tools'),
    /** Whether it may lie in the operator's own network; the operator must allow that too. */
    localNetwork: z.literal(true).optional(),
  })
  .refine(({ server, localNetwork }) => localNetwork || server.startsWith('https://'), {
    path: ['server'],
    error: 'must begin with https://',
  });

const stepSchema = z.discriminatedUnion('kind', [
  /** An answer from a datanet's records, with its sources, by the first of the manifest's models. */
  z.strictObject({ kind: z.literal('retrieve'), datanet: datanetId, prompt: prompt.optional() }),
  z.strictObject({ kind: z.literal('model'), model: modelId, prompt: prompt.optional() }),
  z.strictObject({ kind: z.literal('tool'), server: z.string(), tool: toolName, arguments: z.record(z.string(), z.json()) }),
  z.strictObject({ kind: z.literal('agent'), agent: agentId, prompt: prompt.optional() }),
]);

const planSchema = z.discriminatedUnion('kind', [
  /** This model decides which of the tools to use, step by step. */
  z.strictObject({ kind: z.literal('free'), model: modelId }),
  /** These steps in this order; what the last one gives is the answer. */
  z.strictObject({
    kind: z.literal('steps'),
    steps: z.array(stepSchema).min(1, 'has no step').max(64, 'has more than 64 steps'),
  }),
]);

const fields = z.strictObject({
  version: z.literal(1),
  name: line(80),
  /** What it is for, in a sentence or two. */
  goal: line(2_000),
  /** How it goes about it: what its models are told. */
  instructions: line(20_000),
  models: z.array(z.strictObject({ model: modelId, purpose: line(500) })).max(8, 'names more than 8 models'),
  datanets: z.array(datanetId).max(8, 'names more than 8 datanets'),
  tools: z.array(toolServerSchema).max(8, 'names more than 8 servers'),
  agents: z.array(z.strictObject({ agent: agentId, purpose: line(500) })).max(8, 'names more than 8 agents'),
  limits: z.strictObject({
    /** Steps of its own in a run; each costs the creator's step price. */
    steps: z.int().min(1).max(64),
    /** Most that a run may cost its payer with all inside, wei. */
    spend: amountSchema,
    seconds: z.int().min(1).max(600),
  }),
  plan: planSchema,
});

type Fields = z.output<typeof fields>;
export type AgentStep = z.output<typeof stepSchema>;

/**
 * What an agent is, as its creator pins it to IPFS and the chain names it by hash. Nothing is trimmed or filled in: a
 * manifest that was read is written back as it was.
 */
export const agentManifestSchema = fields.check(({ value, issues }) => {
  const refuse = (path: (string | number)[], message: string): void => {
    issues.push({ code: 'custom', path, message, input: value });
  };
  const lists: [string, unknown[]][] = [
    ['models', value.models.map(({ model }) => model)],
    ['datanets', value.datanets],
    ['tools', value.tools.map(({ server }) => server)],
    ['agents', value.agents.map(({ agent }) => agent)],
    ...value.tools.map(({ tools }, index): [string, unknown[]] => [`tools.${index}.tools`, tools.map(({ name }) => name)]),
  ];
  for (const [name, list] of lists) if (new Set(list).size < list.length) refuse(name.split('.'), 'names one of them twice');
  const models = value.models.map(({ model }) => model);
  if (value.datanets.length > 0 && models.length === 0) refuse(['models'], 'must name the model that answers from the datanets');
  const { plan, limits } = value;
  if (plan.kind === 'free') {
    if (!models.includes(plan.model)) refuse(['plan', 'model'], 'is not among the models');
    return;
  }
  if (plan.steps.length > limits.steps)
    refuse(['plan', 'steps'], `has ${plan.steps.length} steps, limits.steps allows ${limits.steps}`);
  for (const [index, step] of plan.steps.entries()) {
    const problem = problemOf(step, value);
    if (problem) refuse(['plan', 'steps', index], problem);
  }
});

/** What a fixed step names that the manifest does not. */
function problemOf(step: AgentStep, { models, datanets, tools, agents }: Fields): string | undefined {
  switch (step.kind) {
    case 'model':
      return models.some(({ model }) => model === step.model) ? undefined : `${step.model} is not among the models`;
    case 'retrieve':
      return datanets.includes(step.datanet) ? undefined : `datanet ${step.datanet} is not among the datanets`;
    case 'agent':
      return agents.some(({ agent }) => agent === step.agent) ? undefined : `${step.agent} is not among the agents`;
    default: {
      const known = tools.find(({ server }) => server === step.server)?.tools.some(({ name }) => name === step.tool);
      return known ? undefined : `tool ${step.tool} of ${step.server} is not among the tools`;
    }
  }
}

export type AgentManifest = z.output<typeof agentManifestSchema>;
/** As it stands in the document: amounts are decimal strings. */
export type AgentManifestJson = z.input<typeof agentManifestSchema>;

/** The hash by which the chain names a manifest: keccak256 of its RFC 8785 JSON. */
export const agentManifestHash = (document: AgentManifestJson): Hex => hashJson(document);

/**
 * Reads a manifest's file.
 * @throws a sentence that says what is wrong with it: too large, no JSON, or which field
 */
export function readAgentManifest(text: string): { manifest: AgentManifest; manifestHash: Hex } {
  const size = new TextEncoder().encode(text).length;
  if (size > mostManifestBytes) throw new Error(`The manifest has ${size} bytes, ${mostManifestBytes} are allowed: shorten it.`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error('The manifest is no JSON.');
  }
  const read = agentManifestSchema.safeParse(document);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new Error(`The manifest is not right at ${issue?.path.map(String).join('.') || 'its top'}: ${issue?.message}.`);
  }
  return { manifest: read.data, manifestHash: hashJson(document) };
}
