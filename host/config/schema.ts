import * as z from 'zod';
import { UnitError, parseBytes, parseDuration, parseMilliseconds } from '../base/index.ts';
import { dirGrant, parseDirGrant } from './dirs.ts';
import { ConfigError, invalidText } from './errors.ts';
import { parseAddressRange } from './hosts.ts';
import { LIMITS, formatLimit, type LimitName, type LimitRule } from './limits.ts';
import { parseListen } from './listen.ts';
import { parseOriginPattern } from './origins.ts';
import { parseRoute } from './routes.ts';
import { parseConnectGrant, parseListenGrant, parseSocketGrant } from './sockets.ts';
import { LOG_LEVELS } from './types.ts';

/** Lists longer than this are no configuration that a person wrote. */
const MANY = 1000;
/** ns; a clock coarser than this is of no use to a guest. */
const MAX_RESOLUTION = 60_000_000_000n;

const dirTable = z.strictObject({
  host: z.string().describe('Directory of this machine; relative to the manifest.'),
  guest: z.string().describe('Absolute path that the guest sees.'),
  mode: z.enum(['ro', 'rw']).optional().describe('Read only (default) or writable.'),
  quota: z
    .string()
    .optional()
    .describe('Most bytes that may be written, e.g. "64MiB" (the default); with rw only.'),
  files: z
    .int()
    .optional()
    .describe('Most files that may be created, 10000 by default; with rw only.'),
});

export const dirItem = z
  .union([
    text(parseDirGrant, './data/sensors::/sensors:ro', './out::/out:rw,quota=64MiB'),
    dirTable.transform((table, context) => attempt(context, () => dirGrant(table))),
  ])
  .describe('HOST[::GUEST[:MODE]], or the same as a table.');

const originText = text(parseOriginPattern, 'https://*.example.com', 'http://127.0.0.1:9000', '*');

const httpItem = z
  .union([
    originText.transform((origin) => ({ origin, addresses: [] })),
    z
      .strictObject({
        origin: originText,
        addresses: list(text(parseAddressRange, '10.1.0.0/16', 'fd00::/8')).optional(),
      })
      .transform(({ origin, addresses }) => ({ origin, addresses: addresses ?? [] })),
  ])
  .describe('Origin that may be called; `addresses` opens non-public address blocks to it.');

const socketItem = z
  .union([
    text(parseSocketGrant, 'tcp:10.0.0.5:1883', 'listen:udp:0.0.0.0:1700').transform((pattern) => ({
      ...pattern,
      addresses: [],
    })),
    z
      .strictObject({
        connect: text(parseConnectGrant, 'tcp:broker.example.com:1883').optional(),
        listen: text(parseListenGrant, 'udp:0.0.0.0:1700').optional(),
        addresses: list(text(parseAddressRange, '10.1.0.0/16', 'fd00::/8')).optional(),
      })
      .transform(({ connect, listen, addresses }, context) => {
        const pattern = connect ?? listen;
        if (pattern === undefined || (connect !== undefined && listen !== undefined)) {
          const message = 'needs either connect = "PROTO:ADDR:PORT" or listen = "PROTO:ADDR:PORT".';
          context.issues.push({ code: 'custom', message, input: { connect, listen } });
          return z.NEVER;
        }
        if (listen !== undefined && addresses !== undefined) {
          const message = 'has addresses, which only a grant to connect can have.';
          context.issues.push({ code: 'custom', message, input: addresses });
          return z.NEVER;
        }
        return { ...pattern, addresses: addresses ?? [] };
      }),
  ])
  .describe(
    'PROTO:ADDR:PORT to connect to, or "listen:PROTO:ADDR:PORT"; `addresses` opens non-public address blocks to a name.',
  );

const clocks = z
  .union([
    list(z.enum(['monotonic', 'wall'])).transform((names) => ({
      wall: names.includes('wall'),
      resolution: undefined,
    })),
    z
      .strictObject({
        wall: z.boolean().optional(),
        resolution: text(parseResolution, '1us', '1ms').optional(),
      })
      .transform(({ wall, resolution }) => ({ wall: wall ?? false, resolution })),
  ])
  .describe('The wall clock, and how coarse clocks are; the monotonic clock is always on.');

const envName = z.string().regex(/^[^=\0]{1,1024}$/, {
  error: 'the name of a variable is 1 to 1024 characters, none of them "=" or NUL.',
});
const envValue = z.string().regex(/^[^\0]*$/, { error: 'the value of a variable holds no NUL.' });

const grantsShape = {
  dirs: list(dirItem).optional().describe('Directories that the guest sees.'),
  env: z
    .record(envName, envValue)
    .optional()
    .describe('Environment variables; nothing else of the environment is visible.'),
  clocks: clocks.optional(),
  poll: z.boolean().optional().describe('wasi:io/poll: waiting for several things at once.'),
  random: z.boolean().optional().describe('wasi:random.'),
  http: list(httpItem).optional().describe('Outgoing HTTP.'),
  sockets: list(socketItem).optional().describe('wasi:sockets.'),
};

type LimitsShape = Record<LimitName, z.ZodOptional<z.ZodType<number>>>;
const limitRules = Object.fromEntries(LIMITS.map((rule) => [rule.name, limit(rule).optional()]));
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has one rule for each name
const limitsShape = limitRules as LimitsShape;

const functionShape = {
  module: z
    .string()
    .min(1, { error: 'is empty.' })
    .optional()
    .describe('Path of the .wasm, relative to the manifest; only in a manifest.'),
  routes: list(text(parseRoute, 'GET /telemetry/*', '/x'))
    .optional()
    .describe('Where it answers besides /fn/NAME/*.'),
  isolation: z
    .enum(['request', 'instance'])
    .optional()
    .describe('request (default): each request sees fresh state; instance: requests may share it.'),
  grants: z
    .strictObject(grantsShape)
    .optional()
    .describe('What it may touch: nothing that is not here.'),
  limits: z.strictObject(limitsShape).optional().describe('What it may use.'),
};

export const functionSchema = z.strictObject(functionShape);
export type ParsedFunction = z.output<typeof functionSchema>;

const hostShape = {
  listen: text(listenText, '127.0.0.1:8080')
    .optional()
    .describe('HOST:PORT of the edge; port 0 takes a free one.'),
  'admin-listen': text(listenText, '127.0.0.1:8081')
    .optional()
    .describe('HOST:PORT of the admin API.'),
  data: z
    .string()
    .min(1, { error: 'is empty.' })
    .optional()
    .describe('Directory of everything that is kept, relative to the manifest.'),
  workers: z
    .int()
    .min(1, { error: 'there is at least one worker.' })
    .max(256, { error: 'there are at most 256 workers.' })
    .optional()
    .describe('Number of worker processes.'),
  'log-level': z.enum(LOG_LEVELS).optional().describe('Least level that is logged.'),
};

export const hostSchema = z.strictObject(hostShape);

/** Every table's keys, by generalised path: what an unknown key may have meant. */
export const FUNCTION_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(functionShape),
  grants: Object.keys(grantsShape),
  'grants.dirs.[]': Object.keys(dirTable.shape),
  'grants.http.[]': ['origin', 'addresses'],
  'grants.sockets.[]': ['connect', 'listen', 'addresses'],
  'grants.clocks': ['wall', 'resolution'],
  limits: Object.keys(limitsShape),
};
export const HOST_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(hostShape),
};

/** A text with a grammar of its own; the examples are for editors. */
function text<T>(parse: (text: string) => T, ...examples: string[]) {
  return z
    .string()
    .meta({ examples })
    .transform((value, context) => attempt(context, () => parse(value)));
}

function list<T extends z.ZodType>(item: T) {
  return z.array(item).max(MANY, { error: `has more than ${MANY} entries.` });
}

/** Turns the errors of the parsers into issues, so that all of them are reported at once. */
function attempt<T>(context: z.RefinementCtx, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UnitError || error instanceof ConfigError)) throw error;
    context.addIssue({ code: 'custom', message: error.message, params: { fix: error.fix } });
    return z.NEVER;
  }
}

function listenText(value: string): string {
  parseListen(value);
  return value;
}

function parseResolution(value: string): number {
  const nanoseconds = parseDuration(value);
  if (nanoseconds < 1n || nanoseconds > MAX_RESOLUTION) {
    throw invalidText('the resolution is outside 1ns to 1m.', 'Give one such as "1us" or "1ms".');
  }
  return Number(nanoseconds);
}

function limit(rule: LimitRule): z.ZodType<number> {
  const show = (value: number): string => formatLimit(rule.unit, value);
  const span = `${show(rule.minimum)} to ${show(rule.maximum)}`;
  const note = `${rule.doc} Default ${show(rule.default)}, from ${span}.`;
  const outside = `is outside ${span}.`;
  const meta = {
    description: note,
    examples: [rule.unit === 'count' ? rule.default : show(rule.default)],
  };
  if (rule.unit === 'count') {
    return z
      .int({ error: `is not a whole number; write it plainly, e.g. ${rule.default}.` })
      .min(rule.minimum, { error: outside })
      .max(rule.maximum, { error: outside })
      .meta(meta);
  }
  const parse = rule.unit === 'bytes' ? parseBytes : parseMilliseconds;
  return z
    .string({ error: `is not a text with a unit, e.g. "${show(rule.default)}".` })
    .meta(meta)
    .transform((value, context) =>
      attempt(context, () => {
        const amount = parse(value);
        if (amount >= rule.minimum && amount <= rule.maximum) return amount;
        throw invalidText(
          outside,
          `Give one from ${span}, or leave it out for ${show(rule.default)}.`,
        );
      }),
    );
}
