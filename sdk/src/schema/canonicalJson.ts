import canonicalize from 'canonicalize';

/** RFC 8785 canonical JSON. Throws on what JSON cannot say (NaN, lone surrogates, undefined). */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error('This value has no JSON form: pass an object, array, string, number, boolean or null.');
  return text;
}
