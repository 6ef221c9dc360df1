import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireEntrance } from './access.ts';

test('as root, a folder that keeps the database out is named before anything starts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'openledger-access-')); // for its owner only
  try {
    expect(() => requireEntrance(join(folder, 'state'), 0)).toThrow(`chmod o+x ${folder}`);
    expect(() => requireEntrance(join(folder, 'state'), 1000)).not.toThrow();
    chmodSync(folder, 0o711);
    expect(() => requireEntrance(join(folder, 'state'), 0)).not.toThrow();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
