/**
 * Which function and which version a request reaches, and what is deployed: versions are prepared before they are
 * activated, and retired after their last request.
 *
 * May import registry, lanes, runtime, config, store. Must never know sockets, Hono or the admin API.
 */
export {
  Deployments,
  type DeployOptions,
  type DeploymentsOptions,
  type Inspected,
  type Unavailable,
} from './deployments.ts';
export { TrafficError } from './errors.ts';
export { deployManifest, type ManifestDeployment } from './manifest.ts';
export { LiveFunction, type Caller } from './live-function.ts';
export type { TypedAnswer, TypedCall } from './typed-call.ts';
export type { RouteMatch } from './routes.ts';
