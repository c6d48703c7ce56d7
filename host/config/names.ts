import { functionNameFault, quote } from '../base/index.ts';
import { invalidText } from './errors.ts';

/** Returns `text` if it may name a function, else throws `ConfigError`. */
export function parseFunctionName(text: string): string {
  const fault = functionNameFault(text);
  if (fault !== undefined) throw invalidText(`${quote(text)} ${fault.message}.`, fault.fix);
  return text;
}
