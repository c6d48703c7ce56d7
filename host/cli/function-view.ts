import { members, textMember } from './answer.ts';
import type { CommandContext } from './command.ts';
import { grantTexts } from './grant-texts.ts';
import { byteSize } from './output.ts';

/** Prints one function (or one version of it) as the admin API shows it. */
export function printFunction(answer: unknown, { output }: Pick<CommandContext, 'output'>): void {
  const view = members(answer);
  const size = view['size'];
  const status = view['status'];
  const facts: Pairs = [
    ['name', textMember(view, 'name')],
    ['version', `${textMember(view, 'version')}${view['active'] === false ? ' (not active)' : ''}`],
    ...pairsOf('status', status === 'active' || status === undefined ? [] : [statusText(view)]),
    ['sha256', textMember(view, 'sha256')],
    ['size', typeof size === 'number' ? byteSize(size) : textMember(view, 'size')],
    ['lane', textMember(view, 'lane')],
    ['binder', textMember(view, 'binder')],
    ['created', textMember(view, 'createdAt')],
    ['isolation', textMember(view, 'isolation')],
    ...pairsOf('routes', Array.isArray(view['routes']) ? view['routes'].map(String) : ['-']),
  ];
  const grants = [...grantTexts(view['grants'])].flatMap(([name, texts]) =>
    pairsOf(`  ${name}`, texts.length === 0 ? ['-'] : texts),
  );
  const limits = tableOf(view['limits']).map(([name, value]): Pair => [`  ${name}`, value]);
  const width = Math.max(...[...facts, ...grants, ...limits].map(([label]) => label.length));
  output.fields(facts, width);
  for (const [part, pairs] of [
    ['grants', grants],
    ['limits', limits],
  ] as const) {
    if (pairs.length === 0) continue;
    output.line(output.style('dim', part));
    output.fields(pairs, width);
  }
  printWarnings(answer, { output });
}

type Pair = readonly [label: string, value: string];
type Pairs = readonly Pair[];

/** One line for each value, the label on the first. */
function pairsOf(label: string, values: readonly string[]): Pairs {
  return values.map((value, index) => [index === 0 ? label : '', value]);
}

function statusText(view: Readonly<Record<string, unknown>>): string {
  const problem = view['problem'];
  const why: unknown = Reflect.get(Object(problem), 'message');
  return `${textMember(view, 'status')}${typeof why === 'string' ? `: ${why}` : ''}`;
}

function tableOf(value: unknown): Pairs {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).map((key) => [key, textMember(members(value), key)]);
}

/** Warnings of the host go to stderr: they are remarks, not the result. */
export function printWarnings(answer: unknown, { output }: Pick<CommandContext, 'output'>): void {
  const { warnings } = members(answer);
  if (!Array.isArray(warnings)) return;
  for (const warning of warnings) output.remark(`warning: ${textMember({ warning }, 'warning')}`);
}
