/**
 * The grants of the admin API's JSON in the words of the flags, by the keys of the manifest:
 * `dirs` → `./data::/data:ro`, `env` → `SITE=north`, `poll` → `true`. What is not granted has no
 * text. Grants come as their user wrote them, so each may be a text or a table.
 */
export function grantTexts(grants: unknown): ReadonlyMap<string, readonly string[]> {
  if (typeof grants !== 'object' || grants === null) return new Map();
  return new Map(
    Object.entries(grants).map(([name, value]: [string, unknown]) => [name, textsOf(name, value)]),
  );
}

function textsOf(name: string, value: unknown): readonly string[] {
  if (value === true) return ['true'];
  if (value === false || value === undefined || value === null) return [];
  if (name === 'clocks') return clockTexts(value);
  if (Array.isArray(value)) return value.map((item: unknown) => itemText(name, item));
  if (typeof value !== 'object') return [plain(value)];
  return Object.entries(value).map(([key, one]) => `${key}=${plain(one)}`);
}

function itemText(name: string, item: unknown): string {
  if (name === 'dirs') return dirText(item);
  if (typeof item !== 'object' || item === null) return plain(item);
  const { origin, addresses } = item as Readonly<Record<string, unknown>>;
  if (typeof origin !== 'string') return JSON.stringify(item);
  return Array.isArray(addresses) ? `${origin} at ${addresses.join(', ')}` : origin;
}

/** Both forms of a directory as `HOST::GUEST:MODE[,quota=…][,files=…]`, what was left out filled in. */
function dirText(item: unknown): string {
  if (typeof item === 'string') {
    const [place = '', ...rest] = item.split(',');
    const [host = '', guest = host] = place.split('::');
    const moded = /:(ro|rw)$/.test(guest) ? guest : `${guest}:ro`;
    return [`${host}::${moded}`, ...rest].join(',');
  }
  const { host, guest, mode = 'ro', quota, files } = Object(item) as Record<string, unknown>;
  const extra = Object.entries({ quota, files }).flatMap(([key, value]) =>
    value === undefined ? [] : [`,${key}=${plain(value)}`],
  );
  return `${plain(host)}::${plain(guest ?? host)}:${plain(mode)}${extra.join('')}`;
}

function clockTexts(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  const { wall, resolution } = Object(value) as Record<string, unknown>;
  return [
    'monotonic',
    ...(wall === true ? ['wall'] : []),
    ...(resolution === undefined ? [] : [`resolution ${plain(resolution)}`]),
  ];
}

/** A text as it is; what else a newer host may say, as JSON. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
