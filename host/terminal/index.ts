/**
 * The standard streams of this process, as a guest that is run from the command line has them.
 *
 * May import wasi. Must never know what is run, or with which grants.
 */
export { attach, type Attached, type StandardStreams } from './attach.ts';
