import { NotHere } from '../errors.ts';
import { onPath } from '../on-path.ts';
import { fixtureOf, freePort, type System } from './system.ts';

export const wasmtimeRequest = wasmtime('wasmtime/request', 'request (its default)', []);
export const wasmtimeInstance = wasmtime('wasmtime/instance', 'instance (100,000 uses)', [
  '--max-instance-reuse-count',
  '100000',
]);

function wasmtime(id: string, isolation: string, options: readonly string[]): System {
  return {
    id,
    title: 'wasmtime serve',
    isolation,
    peer: true,
    async start(workload, { root, scratch, processes }) {
      const program = onPath('wasmtime');
      if (program === undefined) {
        throw new NotHere(
          'wasmtime is not on the PATH.',
          'Install it: cargo install wasmtime-cli --locked',
        );
      }
      const port = await freePort();
      const server = processes.start({
        name: id,
        command: program,
        // The guests are programs of a standard library, which imports environment and stdio.
        args: ['serve', '-Scli', ...options, '--addr', `127.0.0.1:${port}`, fixtureOf(workload)],
        cwd: root,
        scratch,
      });
      return { process: server, origin: `http://127.0.0.1:${port}` };
    },
  };
}
