import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CommandContext, GivenOptions, OptionSpec } from './command.ts';
import type { CliDependencies } from './dependencies.ts';
import { CliError, exitCodes, usageError } from './errors.ts';
import { hostDefaults } from './host-settings.ts';

/** The flags of every command that talks to a running host. */
export const adminOptions: readonly OptionSpec[] = [
  {
    name: 'admin',
    value: 'URL',
    description: 'the admin API',
    env: 'SELVEDGE_ADMIN_URL',
    default: `http://${hostDefaults.adminListen}`,
  },
  {
    name: 'token-file',
    value: 'FILE',
    description:
      'read the admin token from FILE (else: SELVEDGE_ADMIN_TOKEN, else DATA/admin-token)',
    completes: 'file',
  },
  {
    name: 'data',
    value: 'DIR',
    description: "the host's data directory, for its token",
    env: 'SELVEDGE_DATA',
    default: hostDefaults.data,
    completes: 'directory',
  },
];

/** Details of a problem → a command line to paste. */
export type ExampleFor = (
  details: Readonly<Record<string, unknown>> | undefined,
) => string | undefined;

/** Talks to the admin API: adds the token, reads answers, turns problem details into errors. */
export class AdminClient {
  readonly #url: URL;
  readonly #token: string;
  readonly #fetch: typeof fetch;

  constructor(url: URL, token: string, fetchFunction: typeof fetch) {
    this.#url = url;
    this.#token = token;
    this.#fetch = fetchFunction;
  }

  static async connect({ options, deps, output }: CommandContext): Promise<AdminClient> {
    const url = httpUrl(options.text('admin') ?? `http://${hostDefaults.adminListen}`, '--admin');
    const token = await findToken(options, deps);
    if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
      output.remark(`warning: the admin token goes to ${url.host} unencrypted`);
    }
    return new AdminClient(url, token, deps.fetch);
  }

  /**
   * Asks for one thing and returns its JSON, `undefined` for an answer without a body.
   * `doing` begins the error message: "deploy hello"; `exampleFor` makes the command line that
   * would work of the details of a refusal, where one can be made.
   */
  async request(
    method: string,
    path: string,
    doing: string,
    body?: FormData,
    exampleFor?: ExampleFor,
  ): Promise<unknown> {
    const { response, text } = await this.#ask(method, path, doing, {}, body);
    if (!response.ok) throw problem(response, text, doing, exampleFor);
    if (text === '') return undefined;
    return parseJson(text, NOT_JSON);
  }

  /** Calls a function: its own error (422 `function-error`) is an answer, any other refusal is thrown. */
  async call(
    path: string,
    doing: string,
    body: string,
  ): Promise<{ readonly answer: CallAnswer; readonly failed: boolean }> {
    const headers = { 'content-type': 'application/json' };
    const { response, text } = await this.#ask('POST', path, doing, headers, body);
    if (response.ok) return { answer: parseJson(text, NOT_JSON) as CallAnswer, failed: false };
    if (response.status === 422) {
      const { code, wave, error } = parseJson(text, NOT_JSON) as CallAnswer & {
        readonly code?: unknown;
        readonly error?: unknown;
      };
      if (code === 'function-error') return { answer: { wave, error }, failed: true };
    }
    throw problem(response, text, doing);
  }

  async #ask(
    method: string,
    path: string,
    doing: string,
    headers: Readonly<Record<string, string>>,
    body: FormData | string | undefined,
  ): Promise<{ readonly response: Response; readonly text: string }> {
    const target = new URL(this.#url.pathname.replace(/\/$/, '') + path, this.#url);
    const response = await this.#fetch(target, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, accept: 'application/json', ...headers },
      // A redirect would carry the token to a place nobody named.
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    }).catch((error: unknown) => {
      throw unreachable(this.#url.origin, doing, error);
    });
    return { response, text: await response.text() };
  }
}

/** What calling a typed function gave. */
export interface CallAnswer {
  readonly json?: unknown;
  readonly wave?: string | undefined;
  readonly session?: string;
  readonly error?: unknown;
}

const NOT_JSON = (): string => 'The admin API answered something that is not JSON.';

/** Path of a function under the admin API. */
export function functionPath(name: string, rest = ''): string {
  return `/v1/functions/${encodeURIComponent(name)}${rest}`;
}

/** An absolute http(s) URL, or a usage error that names the flag. */
export function httpUrl(text: string, flag: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw usageError(
      `${flag} must be an http or https URL, not ${JSON.stringify(text)}.`,
      undefined,
      `selvedge list --admin http://${hostDefaults.adminListen}`,
    );
  }
  return url;
}

/** Nothing listens, or not HTTP: exit code 3. */
export function unreachable(origin: string, doing: string, error: unknown): CliError {
  // fetch says "fetch failed"; why is in its cause, which for several addresses has but a code.
  const why: unknown = error instanceof Error ? (error.cause ?? error) : error;
  const code: unknown = Reflect.get(Object(why), 'code');
  const cause = why instanceof Error && why.message === '' ? new Error(String(code)) : why;
  return new CliError({
    code: 'host-unreachable',
    status: 503,
    message: `Could not ${doing}: nothing answers at ${origin}.`,
    cause,
    fix: 'Start a host, or name the one that runs with --admin URL (--edge URL for calls).',
    example: 'selvedge serve',
    exitCode: exitCodes.unreachable,
  });
}

async function findToken(options: GivenOptions, deps: CliDependencies): Promise<string> {
  const named = options.flag('token-file');
  if (named === undefined && options.flag('data') === undefined) {
    const fromEnvironment = deps.env['SELVEDGE_ADMIN_TOKEN'];
    if (fromEnvironment) return fromEnvironment.trim();
  }
  const data = options.text('data') ?? hostDefaults.data;
  const file = resolve(deps.cwd, named ?? `${data}/admin-token`);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CliError({
      code: 'no-admin-token',
      status: 401,
      message: `No admin token: ${file} cannot be read.`,
      cause: error,
      fix: 'Name the data directory of the host with --data DIR, or set SELVEDGE_ADMIN_TOKEN.',
      example: 'selvedge list --data ./.selvedge',
    });
  });
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new CliError({
      code: 'bad-admin-token',
      status: 401,
      message: `${file} holds no token: one line of visible ASCII is expected.`,
      fix: 'Name the token file with --token-file.',
    });
  }
  return token;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** RFC 9457 problem details made an error; any other answer is shown by its status. */
function problem(
  response: Response,
  text: string,
  doing: string,
  exampleFor?: ExampleFor,
): CliError {
  const members: Record<string, unknown> = {};
  if (/^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '')) {
    const parsed = parseJson(text, () => 'The admin API answered an error that is not JSON.');
    if (typeof parsed === 'object' && parsed !== null) Object.assign(members, parsed);
  }
  const { type: _type, title, status: _status, detail, code, fix, ...rest } = members;
  const details = Object.keys(rest).length > 0 ? rest : undefined;
  const reason = [detail, title].find((member) => typeof member === 'string');
  return new CliError({
    code: typeof code === 'string' ? code : `http-${response.status}`,
    status: response.status,
    message: `Could not ${doing}: the host answered ${response.status}${typeof code === 'string' ? ` (${code})` : ''}.`,
    cause: new Error(
      typeof reason === 'string' ? reason : response.statusText || 'no reason given',
    ),
    fix: typeof fix === 'string' ? fix : undefined,
    details,
    example:
      response.status === 401
        ? 'selvedge list --token-file DATA/admin-token'
        : exampleFor?.(details),
  });
}

function parseJson(text: string, message: () => string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError({
      code: 'bad-answer',
      status: 502,
      message: message(),
      cause: error,
      fix: 'Check that --admin names the admin API of a selvedge host.',
    });
  }
}
