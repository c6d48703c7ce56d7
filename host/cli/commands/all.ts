import type { CommandSpec } from '../command.ts';
import { activate } from './activate.ts';
import { call } from './call.ts';
import { completion } from './completion.ts';
import { deploy } from './deploy.ts';
import { doctor } from './doctor.ts';
import { inspect } from './inspect.ts';
import { invoke } from './invoke.ts';
import { list } from './list.ts';
import { remove } from './remove.ts';
import { rollback } from './rollback.ts';
import { run } from './run.ts';
import { serve } from './serve.ts';
import { show } from './show.ts';
import { versions } from './versions.ts';

/** Every command, in the order of the help. A new one is one file and one line here. */
export const commands: readonly CommandSpec[] = [
  serve,
  run,
  deploy,
  call,
  invoke,
  list,
  show,
  versions,
  activate,
  rollback,
  remove,
  inspect,
  doctor,
  completion,
];
