import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['host/**/*.test.ts', 'scripts/**/*.test.ts'],
    // Node runs the sources as they are, as in production: nothing is transformed in between.
    experimental: { viteModuleRunner: false },
    // Tests start whole hosts and spawn processes; a process per file keeps them apart.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
