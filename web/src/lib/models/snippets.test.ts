import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { snippets } from './snippets.ts';

const all = snippets('http://127.0.0.1:8200', 'model/1', `What is "it's"?`);

test('the curl snippet survives a shell with quotes in the question', () => {
  const code = all.find(({ language }) => language === 'curl')?.code.replace('curl ', 'printf "%s\\n" ') ?? '';
  const printed = execFileSync('bash', ['-c', code], { encoding: 'utf8', env: { ...process.env, OPENLEDGER_API_KEY: 'ol-1' } });
  const body = printed.trim().split('\n').at(-1) ?? '';
  expect(JSON.parse(body)).toMatchObject({ model: 'model/1', messages: [{ role: 'user', content: `What is "it's"?` }] });
  expect(printed).toContain('Bearer ol-1');
});

test('every snippet names the base address of this network', () => {
  for (const { code } of all) expect(code).toContain('http://127.0.0.1:8200/v1');
});
