import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'];

/** The path of an installed Chromium; as root on Debian it installs one when there is none. */
export function findChromium(): string {
  const given = process.env.CHROMIUM;
  const found = (given && existsSync(given) ? given : undefined) ?? places.find((path) => existsSync(path));
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('installing Chromium with apt-get …');
    spawnSync('apt-get', ['update', '-qq']);
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { stdio: 'ignore' });
    const installed = places.find((path) => existsSync(path));
    if (installed) return installed;
  }
  throw new Error(
    'The end-to-end tests need Chromium: install it (on Debian: sudo apt-get install chromium) or name it in CHROMIUM.',
  );
}
