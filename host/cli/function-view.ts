import { members, textMember } from './answer.ts';
import type { CommandContext } from './command.ts';
import { byteSize } from './output.ts';

/** Prints one function (or one version of it) as the admin API shows it. */
export function printFunction(answer: unknown, { output }: Pick<CommandContext, 'output'>): void {
  const view = members(answer);
  const size = view['size'];
  output.fields([
    ['name', textMember(view, 'name')],
    ['version', `${textMember(view, 'version')}${view['active'] === false ? ' (not active)' : ''}`],
    ['sha256', textMember(view, 'sha256')],
    ['size', typeof size === 'number' ? byteSize(size) : textMember(view, 'size')],
    ['lane', textMember(view, 'lane')],
    ['binder', textMember(view, 'binder')],
    ['created', textMember(view, 'createdAt')],
    ['isolation', textMember(view, 'isolation')],
    ['routes', textMember(view, 'routes')],
  ]);
  for (const part of ['grants', 'limits']) {
    const value = view[part];
    if (typeof value !== 'object' || value === null) continue;
    const pairs = Object.entries(value).map(
      ([key]) => [`  ${key}`, textMember(members(value), key)] as const,
    );
    output.line(output.style('dim', part));
    output.fields(pairs);
  }
  printWarnings(answer, { output });
}

/** Warnings of the host go to stderr: they are remarks, not the result. */
export function printWarnings(answer: unknown, { output }: Pick<CommandContext, 'output'>): void {
  const { warnings } = members(answer);
  if (!Array.isArray(warnings)) return;
  for (const warning of warnings) output.remark(`warning: ${textMember({ warning }, 'warning')}`);
}
