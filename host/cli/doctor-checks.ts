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
    name: 'JavaScript Promise Integration',
    async run({ hasJspi }) {
      return hasJspi
        ? ok('WebAssembly.Suspending is there')
        : problem(
            'WebAssembly.Suspending is missing',
            'Start selvedge with the Node 26 that it brings, without V8 flags that switch JSPI off.',
          );
    },
  },
  {
    name: 'component transpiler',
    async run(machine) {
      try {
        await machine.loadTranspiler();
        return ok('@bytecodealliance/jco-transpile loads');
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
          return warning(
            `${address}: ${reason(error)}`,
            'Stop what listens there, or serve with --listen and --admin-listen 127.0.0.1:0.',
          );
        }
      }
      return ok(`${machine.addresses.join(' and ')} free`);
    },
  },
  {
    name: 'data directory',
    async run(machine) {
      try {
        await machine.checkWritable(machine.data);
      } catch (error) {
        return problem(reason(error), 'Name a directory you may write with --data DIR.');
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
      return ok(`${machine.data} writable${directory === undefined ? ', will be made' : ''}`);
    },
  },
  {
    name: 'directory grants',
    async run(machine) {
      try {
        await machine.openThroughProc();
        return ok('/proc/self/fd works');
      } catch (error) {
        return warning(
          `no /proc/self/fd: ${reason(error)}`,
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
      if (soft === undefined) return ok('limit unknown on this system');
      return soft !== 'unlimited' && Number(soft) < 4096
        ? warning(
            `at most ${soft}`,
            'Raise it before starting: ulimit -n 65536 (LimitNOFILE= in a systemd unit).',
          )
        : ok(`at most ${soft}`);
    },
  },
  {
    name: 'memory mappings',
    async run(machine) {
      const text = await machine.readProc('/proc/sys/vm/max_map_count');
      if (text === undefined) return ok('limit unknown on this system');
      const count = Number(text.trim());
      // A suspended stack takes two mappings, and V8 aborts the process when there are no more.
      return count < 65530
        ? warning(
            `vm.max_map_count is ${count}`,
            'sysctl -w vm.max_map_count=262144: each waiting request takes two mappings.',
          )
        : ok(`vm.max_map_count is ${count}`);
    },
  },
];
