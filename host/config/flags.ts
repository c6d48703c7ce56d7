import { SelvedgeError } from '../base/index.ts';
import { absoluteDirTable, parseDirGrant } from './dirs.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';

/** A flag that grants or limits something, as data for commands, help and completion. */
export interface GrantFlag {
  /** `--dir`. */
  readonly flag: string;
  /** The member of {@link GrantFlagValues}, which is what option parsers make of the flag. */
  readonly key: keyof GrantFlagValues;
  /** What stands for its value in help; absent for a switch. */
  readonly value?: string;
  readonly repeatable: boolean;
  /** The place in the configuration that it fills. */
  readonly fills: string;
  readonly help: string;
}

export interface GrantFlagValues {
  readonly dir?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly allowHttp?: readonly string[] | undefined;
  readonly allowSocket?: readonly string[] | undefined;
  readonly clock?: readonly string[] | undefined;
  readonly poll?: boolean | undefined;
  readonly random?: boolean | undefined;
  readonly timeout?: string | undefined;
  readonly memory?: string | undefined;
}

/** Every grant flag, in the order of help. */
export const GRANT_FLAGS: readonly GrantFlag[] = [
  {
    flag: '--dir',
    key: 'dir',
    value: 'HOST[::GUEST[:MODE]]',
    repeatable: true,
    fills: 'grants.dirs',
    help: 'Let the guest see a directory; MODE is ro (default) or rw, and may go on with ,quota=64MiB,files=1000',
  },
  {
    flag: '--env',
    key: 'env',
    value: 'NAME[=VALUE]',
    repeatable: true,
    fills: 'grants.env',
    help: 'Set a variable for the guest; without a value, pass on your own',
  },
  {
    flag: '--allow-http',
    key: 'allowHttp',
    value: 'ORIGIN',
    repeatable: true,
    fills: 'grants.http',
    help: 'Let the guest call an origin, e.g. "https://*.example.com"; * is every public one',
  },
  {
    flag: '--allow-socket',
    key: 'allowSocket',
    value: '[listen:]PROTO:ADDR:PORT',
    repeatable: true,
    fills: 'grants.sockets',
    help: 'Let the guest connect, or listen, e.g. "tcp:10.0.0.5:1883"; * stands for any part',
  },
  {
    flag: '--clock',
    key: 'clock',
    value: 'NAME',
    repeatable: true,
    fills: 'grants.clocks',
    help: 'Let the guest read a clock: wall (monotonic is always on)',
  },
  {
    flag: '--poll',
    key: 'poll',
    repeatable: false,
    fills: 'grants.poll',
    help: 'Let the guest wait for several things at once (wasi:io/poll)',
  },
  {
    flag: '--random',
    key: 'random',
    repeatable: false,
    fills: 'grants.random',
    help: 'Let the guest draw random numbers',
  },
  {
    flag: '--timeout',
    key: 'timeout',
    value: 'DURATION',
    repeatable: false,
    fills: 'limits.timeout',
    help: 'End a request after this long, e.g. 2s',
  },
  {
    flag: '--memory',
    key: 'memory',
    value: 'SIZE',
    repeatable: false,
    fills: 'limits.memory',
    help: 'Most memory of one instance, e.g. 64MiB',
  },
];

/**
 * The raw configuration (the JSON of a manifest's function table) that the flags stand for.
 *
 * Host directories become absolute against `cwd`, so that the result means the same to a server
 * that runs elsewhere; `--env NAME` takes its value from `env`. What only the schema can tell is
 * left for `parseFunctionConfig`. Throws `ConfigError` with every flag that is wrong.
 */
export function configFromFlags(
  flags: GrantFlagValues,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Record<string, unknown> {
  const problems: ConfigProblem[] = [];
  const dirs = (flags.dir ?? []).flatMap((text) => {
    try {
      return [absoluteDirTable(parseDirGrant(text), cwd)];
    } catch (error) {
      problems.push(flagProblem('--dir', error));
      return [];
    }
  });
  const variables = readVariables(flags.env ?? [], env, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const grants = dropEmpty({
    dirs,
    env: variables,
    clocks: flags.clock ?? [],
    poll: flags.poll,
    random: flags.random,
    http: flags.allowHttp ?? [],
    sockets: flags.allowSocket ?? [],
  });
  const limits = dropEmpty({ timeout: flags.timeout, memory: flags.memory });
  return dropEmpty({ grants, limits });
}

/** The flag that fills the place `path`, to name it as its user knows it. */
export function flagAt(path: string): string | undefined {
  return GRANT_FLAGS.find(
    ({ fills }) => path === fills || path.startsWith(`${fills}[`) || path.startsWith(`${fills}.`),
  )?.flag;
}

function readVariables(
  texts: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  problems: ConfigProblem[],
): Record<string, string> {
  const variables = new Map<string, string>();
  for (const text of texts) {
    const cut = text.indexOf('=');
    const name = cut === -1 ? text : text.slice(0, cut);
    const value =
      cut === -1 ? (Object.hasOwn(env, name) ? env[name] : undefined) : text.slice(cut + 1);
    if (name === '' || value === undefined) {
      const message =
        name === '' ? 'the variable has no name.' : `${JSON.stringify(name)} is not set here.`;
      const fix =
        name === '' ? 'Write --env NAME=VALUE.' : `Set it, or give the value: --env ${name}=VALUE.`;
      problems.push({ path: '--env', message, fix });
    } else {
      variables.set(name, value);
    }
  }
  return Object.fromEntries(variables);
}

/** Absent, empty and switched-off flags say nothing, so nothing is written for them. */
function dropEmpty(table: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).filter(([, value]) => {
      if (value === undefined || value === false) return false;
      return typeof value !== 'object' || value === null || Object.keys(value).length > 0;
    }),
  );
}

function flagProblem(flag: string, error: unknown): ConfigProblem {
  // Units inside a grant have an error class of their own below this layer; both carry a fix.
  if (!(error instanceof SelvedgeError)) throw error;
  return { path: flag, message: error.message, fix: error.fix };
}
