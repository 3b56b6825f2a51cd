// skeleton
import type { Jobs, KeyValueStore, Clock, Random } from '@ndts/protocol';
import type { Logger } from '../log/logger.js';
export interface EmbeddedJobsOptions {
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}
export declare class EmbeddedJobs {
  constructor(options: EmbeddedJobsOptions);
}
export interface EmbeddedJobs extends Jobs {}
