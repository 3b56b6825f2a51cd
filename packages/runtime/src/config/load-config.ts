// skeleton
import type { ConfigValues } from '@ndts/protocol';
export interface ConfigInput {
  readonly args: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file?: string;
}
export declare function environmentName(key: string): string;
export declare function loadConfig(input: ConfigInput): ConfigValues;
