// The KeyValueStore for tests, as runtime offers it: commits can be held, fail, or lose power.

export { MemoryKeyValueStore } from '@ndts/runtime';
