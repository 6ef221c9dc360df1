// `npm run bench -- web`: the built app on the running stack (`npm start` first), in Chromium: Lighthouse's scores of the
// front page as a phone and as a desk see it, the JavaScript it loads first, and how long a page takes to follow another
// once its code is there. Lighthouse lies in a folder of its own, since nothing else needs it.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { findChromium } from '../../../e2e/chromium.ts';
import { root, stateFolder, urls } from '../config.ts';
import { runCommand } from '../deployment.ts';
import { type Measure, report } from './measure.ts';

const CHANGES = 20;
const bench = 'web';
const round = (value: number): number => Math.round(value * 10) / 10;
const folder = join(import.meta.dirname, 'lighthouse');
const reached = await fetch(`${urls.web}/config.json`).then(
  ({ ok }) => ok,
  () => false,
);
if (!reached) {
  console.error(`Nothing answers at ${urls.web}: start the stack with npm start, and run this again beside it.`);
  process.exit(1);
}

/** The part of Lighthouse's report that is read here. */
interface LighthouseReport {
  categories: Record<'performance' | 'accessibility', { score: number }>;
  audits: {
    'network-requests': { details: { items: { url: string; resourceType: string; transferSize: number }[] } };
    'largest-contentful-paint': { numericValue: number };
    'total-blocking-time': { numericValue: number };
    'cumulative-layout-shift': { numericValue: number };
  };
}

async function lighthouse(place: 'phone' | 'desk'): Promise<LighthouseReport> {
  const file = join(stateFolder, 'analysis', `lighthouse-${place}.json`);
  mkdirSync(join(stateFolder, 'analysis'), { recursive: true });
  const options = ['--quiet', '--output=json', `--output-path=${file}`, '--only-categories=performance,accessibility'];
  if (place === 'desk') options.push('--preset=desktop');
  await runCommand(
    process.execPath,
    [
      ...[join(folder, 'node_modules/lighthouse/cli/index.js'), urls.web, ...options],
      '--chrome-flags=--headless=new --no-sandbox --disable-gpu',
    ],
    { CHROME_PATH: findChromium() },
    root,
  );
  const found = JSON.parse(readFileSync(file, 'utf8')) as LighthouseReport;
  rmSync(file);
  return found;
}

/** Milliseconds from the click on a link of the menu to the next page's heading, medians of changes there and back. */
async function routeChanges(): Promise<{ change: number; load: number }> {
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  const pages = ['/datanets', '/models'] as const;
  const loads: number[] = [];
  for (const path of pages) {
    const began = performance.now();
    await page.goto(`${urls.web}${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    loads.push(performance.now() - began);
  }
  for (const path of pages) await page.locator(`header a[href="${path}"]`).first().click(); // their code is there now
  await page.waitForURL(`${urls.web}${pages[1]}`);
  await page.route('**/subgraphs/**', () => {}); // from now on nobody answers: what is timed is the app's own
  const changes: number[] = [];
  for (let change = 0; change < CHANGES; change++) {
    changes.push(await page.evaluate(timeChange, pages[change % 2] as string));
  }
  await browser.close();
  return { change: median(changes), load: median(loads) };
}

/** Runs in the page: clicks the link and waits for another heading, painted. */
function timeChange(path: string): Promise<number> {
  const before = document.querySelector('h1')?.textContent;
  const link = document.querySelector<HTMLAnchorElement>(`header a[href="${path}"]`);
  if (!link) throw new Error(`No link leads to ${path}.`);
  const began = performance.now();
  link.click();
  return new Promise((done, failed) => {
    const look = () => {
      const elapsed = performance.now() - began;
      const heading = document.querySelector('h1')?.textContent;
      if (heading && heading !== before) requestAnimationFrame(() => done(performance.now() - began));
      else if (elapsed > 5_000) failed(new Error(`${path} did not come.`));
      else requestAnimationFrame(look);
    };
    look();
  });
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

if (!existsSync(join(folder, 'node_modules/lighthouse/package.json'))) {
  console.log('Installs Lighthouse beside this benchmark; takes some seconds.');
  await runCommand('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {}, folder);
}
const measures: Measure[] = [];
for (const place of ['phone', 'desk'] as const) {
  const { categories, audits } = await lighthouse(place);
  const add = (measure: string, value: number, unit: string, goal?: string) =>
    measures.push({ bench, measure: `${place}: ${measure}`, value: round(value), unit, ...(goal ? { goal } : {}) });
  add('Lighthouse performance', categories.performance.score * 100, '', '>=95');
  add('Lighthouse accessibility', categories.accessibility.score * 100, '', '>=95');
  add('largest contentful paint', audits['largest-contentful-paint'].numericValue, 'ms');
  add('total blocking time', audits['total-blocking-time'].numericValue, 'ms');
  const scripts = audits['network-requests'].details.items.filter(({ resourceType }) => resourceType === 'Script');
  add(
    'JavaScript of the front page, compressed',
    scripts.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1024,
    'KiB',
    '<=200',
  );
}
const { change, load } = await routeChanges();
measures.push({ bench, measure: 'route change without network, median', value: round(change), unit: 'ms', goal: '<=100' });
measures.push({ bench, measure: 'the same pages loaded anew, median', value: round(load), unit: 'ms' });
measures.push({ bench, measure: 'loaded anew to route change', value: round(load / change), unit: '×' });
report(measures);
