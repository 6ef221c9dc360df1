// `npm run screenshots [word …]`: photographs every page of the running stack in both themes, both languages, on a desk
// and on a phone, into <state>/screenshots. With words, only pages whose path holds one of them. Says which pages are
// wider than their screen or print errors, and fails then.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContextOptions, chromium } from '@playwright/test';
import { findChromium } from '../../e2e/chromium.ts';
import { routes } from '../../e2e/routes.ts';
import { stateFolder, urls } from './config.ts';

const words = process.argv.slice(2);
const chosen = routes.filter((route) => words.length === 0 || words.some((word) => route.includes(word)));
const desk = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };
const looks = (['light', 'dark'] as const).flatMap((theme) =>
  (['en', 'zh-Hant'] as const).flatMap((locale) => [
    { theme, locale, place: 'desk', viewport: desk },
    { theme, locale, place: 'phone', viewport: phone },
  ]),
);
const SETTLE = 2_500; // ms in which a page asks for what it shows

const folder = join(stateFolder, 'screenshots');
mkdirSync(folder, { recursive: true });
const faults: string[] = [];
const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] });
for (const { theme, locale, place, viewport } of looks) {
  const options: BrowserContextOptions = { colorScheme: theme, viewport, reducedMotion: 'reduce' };
  const context = await browser.newContext(options);
  await context.addInitScript((language) => localStorage.setItem('PARAGLIDE_LOCALE', language), locale);
  const page = await context.newPage();
  for (const route of chosen) {
    const name = `${route.replaceAll(/[^a-z0-9]+/gi, '-').slice(1, 40) || 'home'}.${place}.${theme}.${locale}`;
    const errors: string[] = [];
    const note = (message: { text: () => string; type: () => string }) => {
      if (message.type() === 'error') errors.push(message.text());
    };
    page.on('console', note);
    await page.goto(`${urls.web}${route}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForTimeout(SETTLE);
    const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
    if (isWide) faults.push(`${name}: wider than its screen`);
    faults.push(...errors.map((error) => `${name}: ${error}`));
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    page.off('console', note);
  }
  await context.close();
}
await browser.close();
console.log(`${chosen.length * looks.length} pictures lie in ${folder}.`);
for (const fault of faults) console.log(`✗ ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
