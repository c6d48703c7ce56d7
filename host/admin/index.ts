/**
 * The control plane: `/v1/…` on a port of its own. Whoever holds the token deploys, activates and removes functions
 * here, and sees how they are served.
 *
 * May import registry, traffic, runtime's figures, config, store. Must never know how a guest is bound or called,
 * nor answer anything on the edge.
 */
export { createAdmin, type AdminOptions } from './admin.ts';
export type { AdminDeployments, InspectedUpload, NotServing, Serving } from './deployments.ts';
export { AdminError } from './errors.ts';
export { adminToken, type AdminToken, type AdminTokenOptions } from './token.ts';
export { defaultUploadLimits, type UploadLimits } from './upload/receive.ts';
