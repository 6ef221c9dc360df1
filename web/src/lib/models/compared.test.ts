import { expect, test } from 'vitest';
import { comparedOf, toggled } from './compared.ts';

test('an address names at most four models, each once', () => {
  expect(comparedOf('3,1,3,x,-2,0,7,9,12')).toEqual(['3', '1', '7', '9']);
  expect(comparedOf('')).toEqual([]);
});

test('a model is added, and taken away again; a fifth is not', () => {
  expect(toggled(['1'], '2')).toEqual(['1', '2']);
  expect(toggled(['1', '2'], '1')).toEqual(['2']);
  expect(toggled(['1', '2', '3', '4'], '5')).toEqual(['1', '2', '3', '4']);
});
