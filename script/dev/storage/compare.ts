// What an upgrade from one layout to another would break, and what it would only add.
import type { Layout, Member } from './layout.ts';

export interface Difference {
  /** True if values that lie in storage would be read as something else. */
  breaks: boolean;
  text: string;
}

const place = (m: Member) => `slot ${m.slot}, byte ${m.offset}, ${m.type}`;

/** @param fixed true for structs in arrays, where the next element begins right behind each */
function members(where: string, before: Member[], after: Member[], fixed = false): Difference[] {
  const found: Difference[] = [];
  for (const old of before) {
    const now = after.find((m) => m.label === old.label);
    if (!now) found.push({ breaks: true, text: `${where}.${old.label} (${place(old)}) has disappeared` });
    else if (place(now) !== place(old) || now.bytes !== old.bytes) {
      found.push({ breaks: true, text: `${where}.${old.label} was at ${place(old)} and is at ${place(now)}` });
    }
  }
  for (const now of after) {
    if (before.some((m) => m.label === now.label)) continue;
    // New fields in the free bytes of a slot, or behind all others, overlap nothing.
    const overlaps = before.some((m) => {
      const [a, b] = [m.slot * 32 + m.offset, now.slot * 32 + now.offset];
      return a < b + now.bytes && b < a + m.bytes;
    });
    found.push({ breaks: overlaps || fixed, text: `${where}.${now.label} (${place(now)}) is new` });
  }
  return found;
}

/** Differences between the layout of the committed snapshot and that of the code. */
export function compare(before: Layout, after: Layout): Difference[] {
  const name = before.contract;
  const found = members(name, before.ordinary, after.ordinary);
  for (const [namespace, old] of Object.entries(before.namespaces)) {
    const now = after.namespaces[namespace];
    if (!now) found.push({ breaks: true, text: `${name}: the namespace ${namespace} has disappeared` });
    else if (now.slot !== old.slot) found.push({ breaks: true, text: `${name}: ${namespace} begins elsewhere` });
    else found.push(...members(`${name}: ${namespace}`, old.members, now.members));
  }
  for (const namespace of Object.keys(after.namespaces)) {
    if (!before.namespaces[namespace]) found.push({ breaks: false, text: `${name}: the namespace ${namespace} is new` });
  }
  for (const [type, old] of Object.entries(before.types)) {
    const now = after.types[type];
    // A type that nothing uses any more: what used it has been named above.
    if (!now) continue;
    if (isEnum(old) || isEnum(now)) found.push(...values(`${name}: ${type}`, old, now));
    else found.push(...members(`${name}: ${type}`, old, now, inArray(before, type)));
  }
  for (const type of Object.keys(after.types)) {
    if (!before.types[type]) found.push({ breaks: false, text: `${name}: the type ${type} is new` });
  }
  return found;
}

/** Whether elements of that struct lie behind each other somewhere. */
function inArray(layout: Layout, struct: string): boolean {
  const lists = [layout.ordinary, ...Object.values(layout.namespaces).map((n) => n.members), ...Object.values(layout.types)];
  return lists.some((list) => list.some((m) => typeof m !== 'string' && m.type.includes(`struct ${struct}[`)));
}

type Type = Layout['types'][string];
const isEnum = (type: Type): type is string[] => typeof type[0] === 'string';

/** An enum is stored as the place of its value in the list: old values keep theirs. */
function values(where: string, before: Type, after: Type): Difference[] {
  if (!isEnum(before) || !isEnum(after)) return [{ breaks: true, text: `${where} is no longer of the same kind` }];
  const moved = before.filter((value, i) => after[i] !== value);
  if (moved.length) return [{ breaks: true, text: `${where}: ${moved.join(', ')} moved or disappeared` }];
  return after.slice(before.length).map((value) => ({ breaks: false, text: `${where}.${value} is new` }));
}
