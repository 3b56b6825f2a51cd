// The public door of runtime: calendars, clock, chance, config, log, metrics, identity, the life of
// a process, and the embedded adapters of the ports.

export {
  alwaysOpen,
  type Calendar,
  type DaySpan,
  type Session,
  type SessionRange,
  sessionRanges,
} from './calendar/calendar.js';
export { readCalendars, textOfDay } from './calendar/calendar-file.js';
export { SystemClock } from './clock/system-clock.js';
export { VirtualClock } from './clock/virtual-clock.js';
export { type ConfigDescription, describeConfig } from './config/describe-config.js';
export { DocumentEntry } from './config/document-entry.js';
export {
  type ConfigInput,
  environmentName,
  loadConfig,
  secretsOf,
} from './config/load-config.js';
export { nearestName } from './config/nearest-name.js';
export { PatternList } from './config/pattern-list.js';
export {
  parseTextDocument,
  readTextDocument,
  type TextDocument,
  type TextFormat,
  textFormatOf,
} from './config/text-document.js';
export { EmbeddedBus, type EmbeddedBusOptions } from './embedded/embedded-bus.js';
export { EmbeddedJobs, type EmbeddedJobsOptions } from './embedded/embedded-jobs.js';
export { EmbeddedLog, type EmbeddedLogOptions } from './embedded/embedded-log.js';
export { EmbeddedRegistry, type EmbeddedRegistryOptions } from './embedded/embedded-registry.js';
export { FolderObjects, type FolderObjectsOptions } from './embedded/folder-objects.js';
export { MemoryKeyValueStore } from './embedded/memory-key-value-store.js';
export { type AuditEntry, AuditLog, type AuditRecord } from './identity/audit-log.js';
export {
  Identity,
  type IdentityOptions,
  type ScramIdentity,
  type TokenInfo,
} from './identity/identity.js';
export { isSignedBy, type LineKey } from './identity/line-key.js';
export {
  bearerToken,
  cookieValue,
  hostName,
  isOwnHost,
  isSameOrigin,
} from './identity/origin.js';
export {
  fileError,
  readPrivateFile,
  readPublicFile,
  writePrivateFile,
} from './identity/private-file.js';
export { type Principal, type Role, allows, isRole } from './identity/roles.js';
export {
  createScramVerifier,
  hmacSha256,
  mockScramVerifier,
  parseScram,
  type ScramVerifier,
  scramText,
  sha256,
} from './identity/scram.js';
export { type SecureRandom, systemSecureRandom } from './identity/secure-random.js';
export { type Agent, AgentLoop, type AgentLoopOptions } from './lifecycle/agent-loop.js';
export { BackOff, type BackOffOptions, backOffDefault } from './lifecycle/back-off.js';
export { CloseStack } from './lifecycle/close-stack.js';
export {
  NodePresence,
  type NodePresenceOptions,
  type NodeRecord,
  nodeKeyPrefix,
} from './lifecycle/node-presence.js';
export { StatusBeat } from './lifecycle/status-beat.js';
export { growYoungGenerationAtOnce } from './lifecycle/young-generation.js';
export {
  type Logger,
  type LoggerOptions,
  createLogger,
  createSilentLogger,
  flushLogger,
} from './log/logger.js';
export {
  type HistogramSnapshot,
  LatencyHistogram,
  addSnapshots,
  emptySnapshot,
  quantileNs,
  subtractSnapshots,
  summarizeUs,
} from './metrics/latency-histogram.js';
export {
  type Counter,
  type Gauge,
  type Histogram,
  Metrics,
  type MetricsOptions,
} from './metrics/metrics.js';
export { SeededRandom } from './random/seeded-random.js';
