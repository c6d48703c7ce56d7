/**
 * The data plane's door: HTTP on a port becomes exchanges for the functions that answer.
 *
 * May import traffic, and the types of lanes and wasi that an exchange is made of. Must never know how a function
 * is deployed, bound or run.
 */
export { createEdge, type EdgeOptions } from './edge.ts';
export { GatewayError } from './errors.ts';
export { listen, type Listening, type ListenOptions } from './server.ts';
