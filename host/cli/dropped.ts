import { members } from './answer.ts';
import type { RawConfig } from './dependencies.ts';
import { grantTexts } from './grant-texts.ts';

/**
 * What a function had and its new version has no more: routes, grants, the isolation and limits
 * that fell back to their default. Both views are the admin API's; `written` is what was sent, for
 * a limit that it names was changed on purpose.
 */
export function dropped(before: unknown, after: unknown, written: RawConfig): readonly string[] {
  const [old, now] = [members(before), members(after)];
  return [
    ...missing(textsIn(old['routes']), textsIn(now['routes'])).map((route) => `route ${route}`),
    ...droppedGrants(old['grants'], now['grants']),
    ...(old['isolation'] === 'instance' && now['isolation'] !== 'instance'
      ? ['isolation instance']
      : []),
    ...droppedLimits(tableOf(old['limits']), tableOf(now['limits']), tableOf(written['limits'])),
  ];
}

function droppedGrants(before: unknown, after: unknown): readonly string[] {
  const now = grantTexts(after);
  return [...grantTexts(before)].flatMap(([name, texts]) => {
    // The value of a variable is the caller's to change, and may be a secret.
    const shown =
      name === 'env' ? (text: string) => text.replace(/=.*/s, '') : (text: string) => text;
    // The monotonic clock is always on, whether it is named or not.
    const had = texts.map(shown).filter((text) => text !== 'monotonic');
    return missing(had, (now.get(name) ?? []).map(shown)).map((text) =>
      text === 'true' ? name : `${name} ${text}`,
    );
  });
}

function droppedLimits(before: RawConfig, after: RawConfig, written: RawConfig): readonly string[] {
  return Object.entries(before).flatMap(([name, value]) =>
    name in written || after[name] === value
      ? []
      : [`limit ${name} ${String(value)} (now ${String(after[name])})`],
  );
}

const missing = (had: readonly string[], has: readonly string[]) =>
  had.filter((text) => !has.includes(text));

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function tableOf(value: unknown): RawConfig {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
