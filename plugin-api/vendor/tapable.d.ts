// Types of tapable.js beside it: tapable's own.
export { SyncBailHook, SyncHook, SyncWaterfallHook } from "tapable";
