import { expect, test } from 'vitest';
import { licenceRefusal } from './licence.ts';

test('a base whose licence allows it is handed out, whatever the case of its name', () => {
  for (const licence of ['Apache-2.0', 'apache-2.0', 'MIT']) expect(licenceRefusal({ name: 'Base', licence })).toBeUndefined();
});

test.each(['llama3.1', 'gemma', 'cc-by-nc-4.0', 'none', ''])('under %j only the adapter is', (licence) => {
  expect(licenceRefusal({ name: 'Base', licence })).toContain(`(${licence})`);
});
