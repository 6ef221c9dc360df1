import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { folderOf, loadSnippets } from './loadSnippets.ts';

const hash = `0x${'ab'.repeat(32)}`;

test('the download is checked: right files pass, a changed one does not', () => {
  const place = mkdtempSync(join(tmpdir(), 'openledger-snippet-'));
  try {
    const source = join(place, 'model.gguf');
    writeFileSync(source, 'weights');
    const sha256 = `0x${createHash('sha256').update('weights').digest('hex')}`;
    const files = [{ name: 'model.gguf', bytes: 7, sha256, url: pathToFileURL(source).href }];
    const code = loadSnippets('gguf-q8_0', hash, 'Base', files)[0]?.code ?? '';
    const run = (): string => execFileSync('bash', ['-ec', code], { cwd: place, encoding: 'utf8', stdio: 'pipe' });
    expect(run()).toContain('model.gguf: OK');
    writeFileSync(join(place, folderOf('gguf-q8_0', hash), 'model.gguf'), 'Weights');
    expect(run).toThrow();
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

test('each format is loaded by what can read it', () => {
  const languages = (format: Parameters<typeof loadSnippets>[0]): string[] =>
    loadSnippets(format, hash, 'Base', []).map(({ language }) => language);
  expect(languages('peft')).toEqual(['curl', 'transformers + PEFT']);
  expect(languages('merged')).toEqual(['curl', 'transformers']);
  expect(languages('gguf-f16')).toEqual(['curl', 'llama.cpp', 'Ollama']);
  expect(loadSnippets('peft', hash, 'SmolLM2-135M', [])[1]?.code).toContain('# SmolLM2-135M');
});
