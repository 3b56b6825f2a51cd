// skeleton
import type { Registry, KeyValueStore, Clock, Random } from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
export interface EmbeddedRegistryOptions {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}
export declare class EmbeddedRegistry {
  constructor(options: EmbeddedRegistryOptions);
}
export interface EmbeddedRegistry extends Registry {}
