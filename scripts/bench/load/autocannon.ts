import { fileURLToPath } from 'node:url';
import type { LoadGenerator, LoadReport } from './load.ts';

/** autocannon, a development dependency: where wrk is not there. It checks every body. */
export const autocannonLoad: LoadGenerator = {
  name: 'autocannon',
  async run(request, { root, scratch, processes }) {
    const child = processes.start({
      name: 'autocannon',
      command: process.execPath,
      args: [fileURLToPath(new URL('./autocannon-process.ts', import.meta.url))],
      input: JSON.stringify(request),
      cwd: root,
      scratch,
    });
    return JSON.parse(await child.output()) as LoadReport;
  },
};
