import { cliP2, cliP2Blocking, cliP3 } from '../../wasi/cli/index.ts';
import { alwaysReady, type ByteSource, type CliOptions } from '../../wasi/index.ts';
import { always, type Capability, type InstanceContext } from '../capability.ts';

interface Configured {
  readonly env: readonly (readonly [string, string])[];
}

/** A handler of requests has no standard input. */
const noInput: ByteSource = { ...alwaysReady, read: () => undefined, close: () => {} };

/**
 * wasi:cli: what every program of a standard library imports. Linked for everybody, and empty until
 * granted: the environment holds the granted variables and nothing of the host's.
 */
export const cli: Capability<Configured> = {
  name: 'cli',
  links: [
    {
      interface: 'wasi:cli/environment',
      version: '0.2.0',
      functions: always('get-environment', 'get-arguments', 'initial-cwd'),
    },
    { interface: 'wasi:cli/exit', version: '0.2.0', functions: always('exit', 'exit-with-code') },
    { interface: 'wasi:cli/stdin', version: '0.2.0', functions: always('get-stdin') },
    { interface: 'wasi:cli/stdout', version: '0.2.0', functions: always('get-stdout') },
    { interface: 'wasi:cli/stderr', version: '0.2.0', functions: always('get-stderr') },
    { interface: 'wasi:cli/terminal-input', version: '0.2.0', functions: always() },
    { interface: 'wasi:cli/terminal-output', version: '0.2.0', functions: always() },
    {
      interface: 'wasi:cli/terminal-stdin',
      version: '0.2.0',
      functions: always('get-terminal-stdin'),
    },
    {
      interface: 'wasi:cli/terminal-stdout',
      version: '0.2.0',
      functions: always('get-terminal-stdout'),
    },
    {
      interface: 'wasi:cli/terminal-stderr',
      version: '0.2.0',
      functions: always('get-terminal-stderr'),
    },
    { interface: 'wasi:cli/types', version: '0.3.0', functions: always() },
    {
      interface: 'wasi:cli/environment',
      version: '0.3.0',
      functions: always('get-environment', 'get-arguments', 'get-initial-cwd'),
    },
    { interface: 'wasi:cli/exit', version: '0.3.0', functions: always('exit', 'exit-with-code') },
    { interface: 'wasi:cli/stdin', version: '0.3.0', functions: always('read-via-stream') },
    { interface: 'wasi:cli/stdout', version: '0.3.0', functions: always('write-via-stream') },
    { interface: 'wasi:cli/stderr', version: '0.3.0', functions: always('write-via-stream') },
    { interface: 'wasi:cli/terminal-input', version: '0.3.0', functions: always() },
    { interface: 'wasi:cli/terminal-output', version: '0.3.0', functions: always() },
    {
      interface: 'wasi:cli/terminal-stdin',
      version: '0.3.0',
      functions: always('get-terminal-stdin'),
    },
    {
      interface: 'wasi:cli/terminal-stdout',
      version: '0.3.0',
      functions: always('get-terminal-stdout'),
    },
    {
      interface: 'wasi:cli/terminal-stderr',
      version: '0.3.0',
      functions: always('get-terminal-stderr'),
    },
  ],
  blocking: cliP2Blocking,
  granted: () => true,
  configure: async (grants) => ({ env: Object.entries(grants.env) }),
  prepare(configured, context) {
    const options = optionsOf(configured, context);
    return { ...cliP2(context.instance, options), ...cliP3(context.instance, options) };
  },
  preview1: {
    functions: always(
      'args_get',
      'args_sizes_get',
      'environ_get',
      'environ_sizes_get',
      'proc_exit',
      'proc_raise',
      'sched_yield',
    ),
  },
  preparePreview1: (configured, context) => ({ cli: optionsOf(configured, context) }),
};

function optionsOf({ env }: Configured, { stdout, stderr, command }: InstanceContext): CliOptions {
  if (command === undefined) return { args: [], env, stdin: noInput, stdout, stderr };
  const { args, stdin, terminals } = command;
  return { args, env: [...new Map([...command.env, ...env])], stdin, stdout, stderr, terminals };
}
