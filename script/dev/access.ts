import { chmodSync, existsSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const enterableByAll = 0o001;

/**
 * As root, PostgreSQL runs as another user, who has to get through to its folder: throws one sentence that names the
 * first folder above `path` (or `path` itself) that keeps others out.
 */
export function requireEntrance(path: string, uid = process.getuid?.()): void {
  if (uid !== 0) return;
  const folders = [path];
  while (dirname(folders[0] as string) !== folders[0]) folders.unshift(dirname(folders[0] as string));
  const closed = folders.find((folder) => existsSync(folder) && !(statSync(folder).mode & enterableByAll));
  if (closed) {
    throw new Error(
      `PostgreSQL does not run as root, and its own user cannot enter ${closed}: let it through (chmod o+x ${closed}), or start as an ordinary user.`,
    );
  }
}

/** A new temporary folder that others may enter, so that a database within it also runs when we are root. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `openledger-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}
