// The narrow door of runtime: what a loop over rings needs, and none of what reads configurations,
// logs and counts. For processes that are started often: a strategy's, a feed's.

export { SystemClock } from './clock/system-clock.js';
export { type Agent, AgentLoop, type AgentLoopOptions } from './lifecycle/agent-loop.js';
export { SpinRule } from './lifecycle/spin-rule.js';
export { startWatchdog } from './lifecycle/watchdog.js';
export { growYoungGenerationAtOnce } from './lifecycle/young-generation.js';
export { LatencyHistogram } from './metrics/latency-histogram.js';
