// skeleton
import type {
  Bus,
  Clock,
  HealthReport,
  NodeRoleName,
  NodeStateName,
  Registry,
} from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
export const nodeKeyPrefix = 'nodes/';
export interface NodeRecord {
  readonly nodeId: string;
  readonly role: NodeRoleName;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly epoch: number;
  readonly state: NodeStateName;
  readonly startedMs: number;
}
export interface NodePresenceOptions {
  readonly registry: Registry;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeId: string;
  readonly role: NodeRoleName;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly epoch: number;
  readonly leaseTtlMs: number;
  readonly heartbeatIntervalMs: number;
  load(): { readonly memory: number; readonly queue: number; readonly cpu: number };
  health(): HealthReport;
  state(): NodeStateName;
}
export declare class NodePresence {
  constructor(options: NodePresenceOptions);
  start(): Promise<void>;
  stop(): Promise<void>;
  ownsUntilNs(): number;
}
