/** Keeps secrets out of the log, whatever field they come in. */
export interface SecretRedaction {
  /** `line` with every secret replaced. */
  redact(line: string): string;
}

/** A shorter text would be found in lines by chance, and would be no secret. */
const MIN_LENGTH = 8;

/** Throws `RangeError` for a secret of fewer than 8 characters. */
export function createRedaction(secrets: readonly string[]): SecretRedaction {
  // A line is JSON, so a secret stands in it as JSON writes it; longest first, as one may contain another.
  const needles = [
    ...new Set(secrets.map((secret) => JSON.stringify(secret).slice(1, -1))),
  ].toSorted((a, b) => b.length - a.length);
  if (secrets.some((secret) => secret.length < MIN_LENGTH)) {
    throw new RangeError(`a secret has at least ${MIN_LENGTH} characters`);
  }
  return {
    redact(line) {
      let clean = line;
      for (const needle of needles) {
        if (clean.includes(needle)) clean = clean.replaceAll(needle, '[redacted]');
      }
      return clean;
    },
  };
}

export const noRedaction: SecretRedaction = { redact: (line) => line };
