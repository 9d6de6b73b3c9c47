// What the type checker cannot see in sw.js: the list that the build writes above it.

declare const LIST: { build: string; files: Record<string, [string, number]> };
