// The control node's door.

export type { StatusView } from './api/latest-status.js';
export type { NodeView } from './membership/membership.js';
export {
  type ControlAddress,
  ControlNode,
  type ControlNodeDependencies,
  createControlNode,
  type RoleStatuses,
} from './node.js';
export { webAssets, type WebAssetPaths } from './api/web-assets.js';
