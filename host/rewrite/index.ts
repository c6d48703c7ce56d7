/**
 * The pass over core modules before they are compiled: what they may not have is capped.
 *
 * May import base. Must never know what a component, a function or a grant is.
 */
export { capModule, type Caps } from './caps.ts';
export { RewriteError } from './errors.ts';
