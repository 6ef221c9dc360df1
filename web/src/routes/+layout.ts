import { type Config, loadConfig } from '#lib/config/config.ts';
import type { LayoutLoad } from './$types';

// A static app: nothing is rendered on a server, everything is read in the browser.
export const ssr = false;
export const prerender = false;

/** The configuration, or why there is none: without it the app can do nothing but say so. */
export const load: LayoutLoad = async ({ fetch }): Promise<{ config?: Config; problem?: string }> => {
  try {
    return { config: await loadConfig(fetch) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};
