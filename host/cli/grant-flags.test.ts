import { expect, test } from 'vitest';
import { FUNCTION_NAME_PATTERN } from '../base/index.ts';
import { GRANT_FLAGS, LOG_LEVELS } from '../config/index.ts';
import { functionNamePattern } from './function-name.ts';
import { grantOptions } from './grant-flags.ts';
import { logLevels } from './host-settings.ts';

// The command line repeats these so that it need not load the configuration to print its help.

test('the grant flags are the ones the configuration knows', () => {
  const ours = grantOptions.map(({ name, value, repeat }) => ({
    flag: `--${name}`,
    value,
    repeatable: repeat === true,
  }));
  expect(ours).toEqual(
    GRANT_FLAGS.map(({ flag, value, repeatable }) => ({ flag, value, repeatable })),
  );
});

test('function names follow the pattern of the configuration', () => {
  expect(functionNamePattern.source).toBe(FUNCTION_NAME_PATTERN);
});

test('the log levels are the ones the configuration knows', () => {
  expect(logLevels).toEqual(LOG_LEVELS);
});
