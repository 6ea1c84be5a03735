/** True when `out/` is absent or older than any source it is built from. */
export declare function isOutdated(root: string): boolean
/** Builds with electron-vite when `out/` is older than the sources; returns whether a build ran. */
export declare function buildIfOlder(root?: string): boolean
