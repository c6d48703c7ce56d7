/** What `selvedge doctor` looks at: one entry each, and what it sees of the machine passed in. */

export interface Finding {
  /** `warning`: it runs, with something missing. `problem`: it does not. */
  readonly state: 'ok' | 'warning' | 'problem';
  readonly found: string;
  /** How to mend it; absent when `ok`. */
  readonly fix?: string;
}

export interface Check {
  readonly name: string;
  run(machine: Machine): Promise<Finding>;
}

/** The machine as the checks see it. */
export interface Machine {
  readonly platform: string;
  readonly nodeVersion: string;
  readonly hasJspi: boolean;
  /** Absolute. */
  readonly data: string;
  /** Addresses that `serve` would use. */
  readonly addresses: readonly string[];
  loadTranspiler(): Promise<void>;
  /** Rejects with the system's error when the address cannot be bound. */
  bind(address: string): Promise<void>;
  /** Permission bits of a file or directory, `undefined` where there is none. */
  mode(path: string): Promise<number | undefined>;
  /** Rejects unless files can be made in the directory, or it could be made. */
  checkWritable(directory: string): Promise<void>;
  /** Opens a directory through its descriptor in `/proc/self/fd`. */
  openThroughProc(): Promise<void>;
  /** A file of `/proc`, `undefined` where there is none. */
  readProc(path: string): Promise<string | undefined>;
}

const ok = (found: string): Finding => ({ state: 'ok', found });
const warning = (found: string, fix: string): Finding => ({ state: 'warning', found, fix });
const problem = (found: string, fix: string): Finding => ({ state: 'problem', found, fix });
const isTaken = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

export const checks: readonly Check[] = [
  {
    name: 'Node.js',
    async run({ nodeVersion }) {
      return Number(nodeVersion.split('.')[0]) >= 26
        ? ok(nodeVersion)
        : problem(
            `${nodeVersion}, 26 is needed`,
            'Reinstall selvedge: npm install brings Node 26 as the package "node".',
          );
    },
  },
  {
    name: 'WebAssembly',
    async run({ hasJspi }) {
      return hasJspi
        ? ok('can wait for the host (JSPI)')
        : problem(
            'cannot wait for the host (JSPI): WebAssembly.Suspending is missing',
            'Start selvedge with the Node 26 that it brings, without V8 flags that switch JSPI off.',
          );
    },
  },
  {
    name: 'component transpiler',
    async run(machine) {
      try {
        await machine.loadTranspiler();
        return ok('@bytecodealliance/jco-transpile can be loaded');
      } catch (error) {
        return problem(
          reason(error),
          'Install again: npm ci in a checkout, npm install selvedge elsewhere.',
        );
      }
    },
  },
  {
    name: 'addresses',
    async run(machine) {
      for (const address of machine.addresses) {
        try {
          await machine.bind(address);
        } catch (error) {
          return isTaken(error)
            ? warning(
                `${address} is in use, by a host that runs already or by another program`,
                'Fine where that is your host. Else stop it, or serve with --listen and --admin-listen at other ports.',
              )
            : warning(
                `${address} cannot be used: ${reason(error)}`,
                'Serve with --listen and --admin-listen at an address of this machine.',
              );
        }
      }
      return ok(`${machine.addresses.join(' and ')} are free`);
    },
  },
  {
    name: 'data directory',
    async run(machine) {
      try {
        await machine.checkWritable(machine.data);
      } catch (error) {
        return problem(
          `${machine.data} cannot be written: ${reason(error)}`,
          'Name a directory you may write with --data DIR.',
        );
      }
      const token = await machine.mode(`${machine.data}/admin-token`);
      if (token !== undefined && machine.platform !== 'win32' && (token & 0o077) !== 0) {
        return problem(
          `admin-token may be read by others (mode ${(token & 0o777).toString(8)})`,
          `chmod 600 ${machine.data}/admin-token, then replace the token if others may have read it.`,
        );
      }
      const directory = await machine.mode(machine.data);
      if (directory !== undefined && machine.platform !== 'win32' && (directory & 0o022) !== 0) {
        return warning(
          `${machine.data} may be written by others (mode ${(directory & 0o777).toString(8)})`,
          `chmod go-w ${machine.data}`,
        );
      }
      return ok(
        `${machine.data} ${directory === undefined ? 'is not there yet and can be made' : 'can be written'}`,
      );
    },
  },
  {
    name: 'directory grants',
    async run(machine) {
      try {
        await machine.openThroughProc();
        return ok('work here: directories are opened through /proc/self/fd');
      } catch (error) {
        return warning(
          `do not work here: no /proc/self/fd (${reason(error)})`,
          'Directory grants need Linux with /proc mounted; functions without `dirs` run all the same.',
        );
      }
    },
  },
  {
    name: 'open files',
    async run(machine) {
      const limits = await machine.readProc('/proc/self/limits');
      const soft = /^Max open files\s+(\S+)/m.exec(limits ?? '')?.[1];
      if (soft === undefined) return ok('this system does not tell its limit');
      return soft !== 'unlimited' && Number(soft) < 4096
        ? warning(
            `at most ${soft} at once, and each connection is one`,
            'Raise it before starting: ulimit -n 65536 (LimitNOFILE= in a systemd unit).',
          )
        : ok(`at most ${soft} at once`);
    },
  },
  {
    name: 'memory mappings',
    async run(machine) {
      const text = await machine.readProc('/proc/sys/vm/max_map_count');
      if (text === undefined) return ok('this system does not tell its limit');
      const count = Number(text.trim());
      // A suspended stack takes two mappings, and V8 aborts the process when there are no more.
      return count < 65530
        ? warning(
            `at most ${count} (vm.max_map_count), and each waiting request takes two`,
            'Raise it: sysctl -w vm.max_map_count=262144',
          )
        : ok(`at most ${count} (vm.max_map_count)`);
    },
  },
];
