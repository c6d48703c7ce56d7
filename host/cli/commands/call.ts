import { resolve } from 'node:path';
import { httpUrl, unreachable } from '../admin-client.ts';
import type { CommandContext, CommandSpec } from '../command.ts';
import { exitCodes, usageError } from '../errors.ts';
import { fileBlob } from '../file-blob.ts';
import { checkedFunctionName } from '../function-name.ts';
import { hostDefaults } from '../host-settings.ts';
import { visible } from '../output.ts';
import { functionArgument } from './arguments.ts';

export const call: CommandSpec = {
  name: 'call',
  summary: 'send an HTTP request to a function and print the answer',
  description:
    "The answer's body goes to stdout as it comes. An answer of 400 and above is a failure: its " +
    'status goes to stderr and the exit code is 1.',
  args: [
    functionArgument,
    { name: 'PATH', description: 'path and query under /fn/NAME', required: false },
  ],
  options: [
    { name: 'method', short: 'X', value: 'METHOD', description: 'GET, or POST with --data' },
    {
      name: 'header',
      short: 'H',
      value: 'NAME: VALUE',
      description: 'send a header',
      repeat: true,
    },
    {
      name: 'data',
      short: 'd',
      value: 'TEXT',
      description: 'send TEXT, or @FILE the content of FILE',
    },
    { name: 'include', short: 'i', description: 'print the status and the headers too' },
    {
      name: 'edge',
      value: 'URL',
      description: 'where functions answer',
      env: 'SELVEDGE_EDGE_URL',
      default: `http://${hostDefaults.listen}`,
    },
  ],
  examples: [
    { command: 'selvedge call hello', explains: 'GET /fn/hello/' },
    {
      command: `selvedge call echo /say?loud=1 -H 'content-type: text/plain' -d hello`,
      explains: 'POST with a body',
    },
    { command: 'selvedge call echo -d @picture.png', explains: 'a file, streamed' },
  ],
  run: runCall,
};

async function runCall({ args, options, deps, output }: CommandContext): Promise<number> {
  const name = checkedFunctionName(args[0]);
  const path = args[1] ?? '/';
  const edge = httpUrl(options.text('edge') ?? `http://${hostDefaults.listen}`, '--edge');
  const prefix = `${edge.pathname.replace(/\/$/, '')}/fn/${name}`;
  const url = new URL(`${prefix}${/^[/?]/.test(path) ? '' : '/'}${path}`, edge);
  if (url.pathname !== prefix && !url.pathname.startsWith(`${prefix}/`)) {
    throw usageError(`PATH ${JSON.stringify(path)} leads out of the function.`);
  }
  const body = await requestBody(options.flag('data'), deps.cwd);
  const method = options.flag('method') ?? (body === undefined ? 'GET' : 'POST');
  const request = requestOf(url, method, options.list('header'), body);
  const response = await deps.fetch(request).catch((error: unknown) => {
    throw unreachable(edge.origin, `call ${name}`, error);
  });

  if (output.json) {
    const text = await response.text();
    output.data({ status: response.status, headers: [...response.headers], body: text });
  } else {
    if (options.isOn('include')) {
      output.line(`${response.status} ${visible(response.statusText)}`);
      for (const [header, value] of response.headers) output.line(`${header}: ${visible(value)}`);
      output.line();
    }
    for await (const chunk of response.body ?? []) {
      if (output.closed) break;
      output.raw(chunk);
    }
    if (response.status >= 400) output.remark(`${name} answered ${response.status}`);
  }
  return response.status < 400 ? exitCodes.ok : exitCodes.failed;
}

async function requestBody(
  data: string | undefined,
  cwd: string,
): Promise<string | Blob | undefined> {
  return data?.startsWith('@') ? fileBlob(resolve(cwd, data.slice(1))) : data;
}

function requestOf(
  url: URL,
  method: string,
  headers: readonly string[],
  body: string | Blob | undefined,
): Request {
  const pairs = headers.map((header): [string, string] => {
    const colon = header.indexOf(':');
    if (colon < 1) {
      throw usageError(
        `-H ${JSON.stringify(header)} is no header.`,
        'Write NAME: VALUE.',
        `selvedge call echo -H 'accept: text/plain'`,
      );
    }
    return [header.slice(0, colon).trim(), header.slice(colon + 1).trim()];
  });
  try {
    return new Request(url, {
      method,
      headers: pairs,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    throw usageError(
      `That is no HTTP request: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}
