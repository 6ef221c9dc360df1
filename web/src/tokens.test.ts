import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const [light = '', dark = ''] = css.split('.dark {');

/** Colour tokens of one theme, as red, green and blue from 0 to 1. */
function colours(block: string): Map<string, number[]> {
  return new Map(
    [...block.matchAll(/--([\w-]+): #([0-9a-f]{6});/g)].map(([, name = '', hex = '']) => [
      name,
      [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255),
    ]),
  );
}

/** WCAG 2.2 relative luminance. */
function luminance(colour: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: readonly number[], b: readonly number[]): number {
  const [lighter = 0, darker = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (lighter + 0.05) / (darker + 0.05);
}

const onSurfaces = ['ink', 'soft', 'accent', 'gain', 'fault', 'wait'].flatMap((text) =>
  ['bg', 'panel', 'sunken'].map((surface) => [text, surface] as const),
);
const pairs = [
  ...onSurfaces,
  ['accent', 'accent-soft'],
  ['gain', 'gain-soft'],
  ['fault', 'fault-soft'],
  ['wait', 'wait-soft'],
  ['ink', 'accent-soft'],
  ['soft', 'accent-soft'],
  ['on-accent', 'accent'],
] as const;

test.each([
  ['light', light],
  ['dark', dark],
])('every text colour can be read on its background in the %s theme (WCAG AA, 4.5 : 1)', (_theme, block) => {
  const known = colours(block);
  for (const [text, surface] of pairs) {
    expect(contrast(known.get(text) ?? [], known.get(surface) ?? []), `${text} on ${surface}`).toBeGreaterThanOrEqual(4.5);
  }
});
