import { paraglideVitePlugin } from '@inlang/paraglide-js';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

/**
 * The development wallet holds publicly known keys. It is compiled in only where this variable says so
 * (the local stack does), and even then stays off unless /config.json says `development: true`.
 */
const developmentWallet = process.env.OPENLEDGER_DEV_WALLET === '1';

export default defineConfig({
  define: { __DEVELOPMENT_WALLET__: JSON.stringify(developmentWallet) },
  plugins: [
    tailwindcss(),
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      // What the reader chose; before that, what the browser prefers: src/lib/shell/preferredLocale.ts.
      strategy: ['localStorage', 'baseLocale'],
    }),
    sveltekit({
      // One page shell for every path: the web server answers unknown paths with index.html.
      adapter: adapter({ pages: process.env.OPENLEDGER_WEB_BUILD ?? 'build', fallback: 'index.html' }),
      outDir: process.env.OPENLEDGER_WEB_OUT ?? '.svelte-kit',
      prerender: { entries: [] },
    }),
  ],
  build: { chunkSizeWarningLimit: 900 },
});
