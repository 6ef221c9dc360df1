import { Bytes, JSONValue, dataSource } from '@graphprotocol/graph-ts';
import { AgentManifest, AgentPart } from '../../generated/schema';
import { fileChildId } from '../entities/ids';
import {
  asInteger,
  asObject,
  integerOf,
  intOf,
  listOf,
  objectOf,
  parseObject,
  parseProblem,
  smallIntegerOf,
  stringOf,
} from '../decode/json';

/** Longest manifest that counts, in bytes (sdk/src/agents/agentManifest.ts). */
const MAX_MANIFEST_BYTES: i32 = 65536;
/** Most parts that are kept of a manifest, however many it claims. */
const MAX_PARTS: i32 = 64;
/** Longest number of a model, datanet or agent: 32 bits in decimal. */
const MAX_DIGITS: i32 = 10;

/** Makes the parts of one manifest, numbered in the order in which they are added. */
class Parts {
  cid: string;
  count: i32 = 0;

  constructor(cid: string) {
    this.cid = cid;
  }

  /** The next part, not saved yet; null when there are enough. */
  next(kind: string, name: string, purpose: string | null): AgentPart | null {
    if (this.count == MAX_PARTS) return null;
    const part = new AgentPart(fileChildId(this.cid, this.count));
    part.manifest = this.cid;
    part.kind = kind;
    part.position = this.count;
    part.name = name;
    part.purpose = purpose;
    this.count += 1;
    return part;
  }
}

/** The number of `model/3`, which is the entity's id; null if it is too long for one. */
function numberAfter(name: string): string | null {
  const number = name.slice(name.indexOf('/') + 1);
  return number.length > MAX_DIGITS ? null : number;
}

/** A list of `{ [key]: name, purpose }`. */
function addNamed(parts: Parts, entries: JSONValue[], key: string, kind: string): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = asObject(entries[i]);
    const name = stringOf(entry, key);
    if (name === null) continue;
    const part = parts.next(kind, name, stringOf(entry, 'purpose'));
    if (part === null) return;
    if (kind == 'MODEL') part.model = numberAfter(name);
    else part.agent = numberAfter(name);
    part.save();
  }
}

function addDatanets(parts: Parts, entries: JSONValue[]): void {
  for (let i = 0; i < entries.length; i++) {
    const number = asInteger(entries[i]);
    if (number === null) continue;
    const part = parts.next('DATANET', number.toString(), null);
    if (part === null) return;
    part.datanet = numberAfter(number.toString());
    part.save();
  }
}

function addTools(parts: Parts, servers: JSONValue[]): void {
  for (let i = 0; i < servers.length; i++) {
    const server = asObject(servers[i]);
    const tools = listOf(server, 'tools');
    for (let j = 0; j < tools.length; j++) {
      const tool = asObject(tools[j]);
      const name = stringOf(tool, 'name');
      if (name === null) continue;
      const part = parts.next('TOOL', name, stringOf(tool, 'description'));
      if (part === null) return;
      part.server = stringOf(server, 'server');
      part.save();
    }
  }
}

/** The manifest of an agent as in docs/interfaces.md. */
export function handleAgentManifest(data: Bytes): void {
  const cid = dataSource.stringParam();
  const manifest = new AgentManifest(cid);
  manifest.size = data.length;
  manifest.stepCount = 0;
  const object = parseObject(data, MAX_MANIFEST_BYTES);
  if (object === null) {
    manifest.problem = parseProblem(data, MAX_MANIFEST_BYTES);
    manifest.save();
    return;
  }
  const plan = objectOf(object, 'plan');
  const limits = objectOf(object, 'limits');
  manifest.name = stringOf(object, 'name');
  manifest.goal = stringOf(object, 'goal');
  manifest.instructions = stringOf(object, 'instructions');
  manifest.plan = stringOf(plan, 'kind');
  manifest.planModel = stringOf(plan, 'model');
  manifest.stepCount = listOf(plan, 'steps').length;
  if (smallIntegerOf(limits, 'steps') !== null) manifest.limitSteps = intOf(limits, 'steps');
  manifest.limitSpend = integerOf(limits, 'spend');
  if (smallIntegerOf(limits, 'seconds') !== null) manifest.limitSeconds = intOf(limits, 'seconds');
  manifest.save();

  const parts = new Parts(cid);
  addNamed(parts, listOf(object, 'models'), 'model', 'MODEL');
  addDatanets(parts, listOf(object, 'datanets'));
  addTools(parts, listOf(object, 'tools'));
  addNamed(parts, listOf(object, 'agents'), 'agent', 'AGENT');
}
