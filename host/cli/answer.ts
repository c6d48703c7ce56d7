import { CliError } from './errors.ts';

/** Reading the admin API's JSON: a newer host may say more, an older one less. */

type Members = Readonly<Record<string, unknown>>;

/** The members of a JSON object, or an error that says that the host answered something else. */
export function members(answer: unknown): Members {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) throw unexpected();
  return { ...answer };
}

/** `{functions: […]}` → its objects. */
export function memberList(answer: unknown, key: string): readonly Members[] {
  const value = members(answer)[key];
  if (!Array.isArray(value)) throw unexpected();
  return value.map(members);
}

/** A member as text for a table: lists joined, what is missing as `-`. */
export function textMember(holder: Members, key: string): string {
  const value = holder[key];
  if (value === undefined || value === null) return '-';
  if (Array.isArray(value))
    return value.length === 0
      ? '-'
      : value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function unexpected(): CliError {
  return new CliError({
    code: 'bad-answer',
    status: 502,
    message: 'The admin API answered JSON of an unexpected shape.',
    fix: 'Check that --admin names the admin API of a selvedge host of this version.',
  });
}
