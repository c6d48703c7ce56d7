import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { AdminClient, adminOptions, functionPath } from '../admin-client.ts';
import { members, textMember } from '../answer.ts';
import type { CommandContext, CommandSpec } from '../command.ts';
import type { RawConfig } from '../dependencies.ts';
import { shellWord, typedFlags } from '../command-line.ts';
import { dropped } from '../dropped.ts';
import { CliError, exitCodes, usageError } from '../errors.ts';
import { fileBlob } from '../file-blob.ts';
import { checkedFunctionName, functionNameOf } from '../function-name.ts';
import { printWarnings } from '../function-view.ts';
import { configWithFlags, grantOptions } from '../grant-flags.ts';
import { visible } from '../output.ts';
import { refusalText } from '../refusals.ts';

export const deploy: CommandSpec = {
  name: 'deploy',
  summary: 'upload a module and make it the active version of a function',
  description:
    'Each version has the whole configuration that it is deployed with: what is not given again, ' +
    'be it routes, grants or limits, the new version does not have.\n\n' +
    "The configuration is the JSON of the manifest's [function.NAME] table (--config-json), with " +
    'the grant flags put over it. Host directories of --dir stand on the current directory, and ' +
    'are read by the host, so they must exist where it runs.',
  args: [{ name: 'FILE.wasm', description: 'the module', required: true, completes: 'file' }],
  options: [
    { name: 'name', value: 'NAME', description: "name of the function (default: the file's)" },
    {
      name: 'config-json',
      value: 'FILE',
      description: 'configuration of the function as JSON',
      completes: 'file',
    },
    { name: 'dry-run', description: 'check the module against its grants here, and send nothing' },
    ...grantOptions,
    ...adminOptions,
  ],
  examples: [
    { command: 'selvedge deploy app.wasm --name app', explains: 'with nothing granted' },
    {
      command: 'selvedge deploy telemetry.wasm --dir ./data::/sensors:ro --poll --timeout 2s',
      explains: 'with a directory to read, polling, and a time limit',
    },
    {
      command: 'selvedge deploy app.wasm --config-json app.json --dry-run',
      explains: 'which grants are missing',
    },
  ],
  run: runDeploy,
};

async function runDeploy(context: CommandContext): Promise<number> {
  const { args, options, deps } = context;
  const [given] = args;
  if (given === undefined) throw usageError('FILE.wasm is missing.');
  const file = resolve(deps.cwd, given);
  const name = checkedFunctionName(options.flag('name') ?? functionNameOf(basename(file)));
  const written = await readConfig(options.flag('config-json'), deps.cwd);
  const config = await configWithFlags(written, options, deps.env, deps.cwd);
  return options.isOn('dry-run')
    ? dryRun(context, file, name, config)
    : upload(context, file, name, config);
}

async function upload(
  context: CommandContext,
  file: string,
  name: string,
  config: RawConfig,
): Promise<number> {
  const { output } = context;
  const module = await fileBlob(file, 'application/wasm');
  const client = await AdminClient.connect(context);
  const form = new FormData();
  // The configuration goes first, so that a host which streams can refuse it before the module.
  form.set(
    'config',
    new Blob([JSON.stringify(config)], { type: 'application/json' }),
    'config.json',
  );
  form.set('module', module, basename(file));
  const before = await activeVersion(client, name);
  const answer = await client.request(
    'PUT',
    functionPath(name),
    `deploy ${name}`,
    form,
    (details) => withFlags(context, refusalText(details)?.flags ?? ''),
  );
  if (output.json) {
    output.data(answer);
    return exitCodes.ok;
  }
  const view = members(answer);
  output.line(`${name}: version ${textMember(view, 'version')} is active`);
  output.fields([
    ['sha256', textMember(view, 'sha256')],
    ['lane', textMember(view, 'lane')],
    ['routes', textMember(view, 'routes')],
  ]);
  printWarnings(answer, context);
  const lost = before === undefined ? [] : dropped(before, answer, config);
  if (before !== undefined && lost.length > 0) {
    output.remark(`notice: version ${textMember(before, 'version')} had what this one has not:`);
    for (const one of lost) output.remark(`  - ${visible(one)}`);
  }
  return exitCodes.ok;
}

/** The version that answers before this deployment, `undefined` where none does. */
async function activeVersion(
  client: AdminClient,
  name: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const view = members(await client.request('GET', functionPath(name), `deploy ${name}`));
    return view['active'] === true ? view : undefined;
  } catch (error) {
    if (error instanceof CliError && error.status === 404) return undefined;
    throw error;
  }
}

/** This command with more flags; not where it would show the value of a variable again. */
function withFlags({ args, options }: CommandContext, flags: string): string | undefined {
  if (flags === '' || options.list('env').some((text) => text.includes('='))) return undefined;
  const typed = typedFlags(deploy.options, options).map((text) => ` ${text}`);
  return `selvedge deploy ${shellWord(args[0] ?? '')}${typed.join('')} ${flags}`;
}

async function dryRun(
  context: CommandContext,
  file: string,
  name: string,
  config: RawConfig,
): Promise<number> {
  const { output, deps } = context;
  // The reader is loaded late: an upload does not need it.
  const { printExplanation, readModule } = await import('../module-report.ts');
  const { bytes, sha256 } = await readModule(file);
  const explanation = await deps.explainModule(bytes, config);
  const missing = explanation.imports.filter((one) => !one.covered);
  const accepted = explanation.lane !== undefined && missing.length === 0;
  if (output.json) {
    output.data({
      name,
      dryRun: true,
      accepted,
      sha256,
      size: bytes.length,
      config,
      ...explanation,
    });
  } else {
    printExplanation(explanation, output);
    output.line(accepted ? `${name} would be accepted` : `${name} would be refused`);
  }
  return accepted ? exitCodes.ok : exitCodes.failed;
}

async function readConfig(given: string | undefined, cwd: string): Promise<RawConfig> {
  if (given === undefined) return {};
  const file = resolve(cwd, given);
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CliError({
      code: 'bad-config-file',
      status: 400,
      message: `${file} cannot be read as JSON.`,
      cause: error,
      fix: 'Write the [function.NAME] table of the manifest as one JSON object.',
      example: `echo '{"grants":{"poll":true}}' > app.json && selvedge deploy app.wasm --config-json app.json`,
    });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw usageError(`${file} must hold one JSON object.`);
  }
  return { ...parsed };
}
