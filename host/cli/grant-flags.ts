import type { GivenOptions, OptionSpec } from './command.ts';
import type { RawConfig } from './dependencies.ts';
import { SelvedgeError } from '../base/index.ts';
import { CliError, exitCodes } from './errors.ts';

/**
 * The flags that grant something or limit something; alike wherever a function is given. What
 * they mean is the configuration's, which is loaded only when one is used; a test keeps this list
 * and `GRANT_FLAGS` the same.
 */
export const grantOptions: readonly OptionSpec[] = [
  {
    name: 'dir',
    value: 'HOST[::GUEST[:MODE]]',
    description: 'give a directory; MODE is ro (default) or rw, then ,quota=64MiB,files=1000',
    repeat: true,
    completes: 'directory',
  },
  {
    name: 'env',
    value: 'NAME[=VALUE]',
    description: "set an environment variable; without =VALUE, the caller's own",
    repeat: true,
  },
  {
    name: 'allow-http',
    value: 'ORIGIN',
    description: 'allow requests to an origin, e.g. https://*.example.com, or * for any public one',
    repeat: true,
  },
  {
    name: 'allow-socket',
    value: '[listen:]PROTO:ADDR:PORT',
    description:
      'allow connections, e.g. tcp:10.0.0.5:1883, or listening, e.g. listen:udp:0.0.0.0:1700',
    repeat: true,
  },
  {
    name: 'clock',
    value: 'NAME',
    description: 'give a clock: wall (monotonic needs no grant)',
    repeat: true,
    choices: ['wall', 'monotonic'],
  },
  { name: 'poll', description: 'give wasi:io/poll, to wait for several things at once' },
  { name: 'random', description: 'give random numbers' },
  { name: 'timeout', value: 'DURATION', description: 'longest time of a request, e.g. 2s' },
  { name: 'memory', value: 'SIZE', description: 'most memory of an instance, e.g. 64MiB' },
];

/**
 * Puts the grant flags over a raw configuration and returns the result: lists and tables are
 * added to, single values replaced. Host directories of flags become absolute, because the host
 * that reads them may have been started elsewhere. A flag that is wrong is an error of usage.
 */
export async function configWithFlags(
  base: RawConfig,
  options: GivenOptions,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<RawConfig> {
  if (!grantOptions.some(({ name }) => options.has(name))) return base;
  const { configFromFlags, parseFunctionConfig } = await import('../config/index.ts');
  const given = await asUsage(() => {
    const raw = configFromFlags(
      {
        dir: options.list('dir'),
        env: options.list('env'),
        allowHttp: options.list('allow-http'),
        allowSocket: options.list('allow-socket'),
        clock: options.list('clock'),
        poll: options.isOn('poll'),
        random: options.isOn('random'),
        timeout: options.text('timeout'),
        memory: options.text('memory'),
      },
      env,
      cwd,
    );
    // Whether a directory is there can be told only where the host runs.
    parseFunctionConfig(raw, { baseDir: cwd, origin: 'flags', probe: () => 'directory' });
    return raw;
  });
  return overlay(base, given);
}

/** Makes what the configuration's readers refuse an error of usage, with exit code 2. */
export async function asUsage<Value>(read: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SelvedgeError)) throw error;
    const { message, fix, details } = error;
    throw new CliError({
      code: 'bad-usage',
      status: 400,
      message,
      fix,
      details,
      exitCode: exitCodes.usage,
    });
  }
}

/** Merges tables, joins lists, replaces the rest; `clocks` may be a list or a table. */
function overlay(base: RawConfig, over: RawConfig): RawConfig {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    if (Array.isArray(before) && Array.isArray(value)) merged[key] = [...before, ...value];
    else if (isTable(before) && isTable(value)) merged[key] = overlay(before, value);
    else if (isTable(before) && Array.isArray(value)) {
      merged[key] = overlay(before, value.includes('wall') ? { wall: true } : {});
    } else merged[key] = value;
  }
  return merged;
}

function isTable(value: unknown): value is RawConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
