import { expect, test } from 'vitest';
import { baseCatalogue, findInCatalogue } from './catalogue.ts';

test('a base is found by the start of its name, however it is written', () => {
  expect(findInCatalogue('SmolLM2-135M-Instruct')?.name).toBe('SmolLM2');
  expect(findInCatalogue('meta-llama/Llama-3.1-8B-Instruct')?.name).toBe('Llama-3');
  expect(findInCatalogue('Meta Llama 3 8B')?.name).toBe('Llama-3');
  expect(findInCatalogue('Qwen2.5-0.5B')?.name).toBe('Qwen');
  expect(findInCatalogue('gpt2')?.name).toBe('GPT-2');
  expect(findInCatalogue('test-double')).toBeUndefined();
});

test('every entry is found by the card that it is from', () => {
  for (const entry of baseCatalogue) expect(findInCatalogue(entry.card), entry.card).toBe(entry);
});

test('GPT-2 alone is for teaching', () => {
  expect(baseCatalogue.filter(({ uses }) => uses.includes('teaching')).map(({ name }) => name)).toEqual(['GPT-2']);
});
