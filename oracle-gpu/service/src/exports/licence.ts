/**
 * Licences under which a changed copy of a model may be passed on to anybody as long as the licence comes with it: the
 * card of an export names it. Others set conditions that only a person can judge.
 */
const passedOn = new Set(['apache-2.0', 'mit', 'bsd-2-clause', 'bsd-3-clause', 'cc0-1.0', 'cc-by-4.0', 'unlicense']);

/** Why files that contain the base model are not handed out; undefined where they are. An adapter alone contains none of it. */
export function licenceRefusal({ name, licence }: { name: string; licence: string }): string | undefined {
  if (passedOn.has(licence.toLowerCase())) return undefined;
  return `The licence of ${name} (${licence}) does not plainly allow passing on changed copies of it: take the adapter, and the base from its makers.`;
}
