import { loadConfig } from '#lib/config/config.ts';
import type { LayoutLoad } from './$types';

// A static app: nothing is rendered on a server, everything is read in the browser.
export const ssr = false;
export const prerender = false;

export const load: LayoutLoad = async ({ fetch }) => ({ config: await loadConfig(fetch) });
