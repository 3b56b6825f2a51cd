// skeleton
import type { ConfigValues } from '@ndts/protocol';
export interface ConfigDescription {
  readonly key: string;
  readonly value: string;
  readonly source: string;
}
export declare function describeConfig(values: ConfigValues): ConfigDescription[];
