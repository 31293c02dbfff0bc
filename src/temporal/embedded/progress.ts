/** What `openTemporal` tells while it makes its caller wait. Times are milliseconds since the phase began. */
export type TemporalProgress =
  /** Another process is downloading or building the same binary; this one waits for it. */
  | { readonly phase: 'wait'; readonly pid: number | undefined; readonly elapsedMs: number }
  | {
      readonly phase: 'download'
      readonly receivedBytes: number
      /** Undefined when the server does not say. */
      readonly totalBytes: number | undefined
      readonly elapsedMs: number
    }
  /** Go modules are fetched before anything is compiled. */
  | { readonly phase: 'modules'; readonly modulesDownloaded: number; readonly elapsedMs: number }
  | {
      readonly phase: 'build'
      readonly packagesCompiled: number
      /** All packages of the binary. Those in Go's own cache are not compiled again, so a build may end far below it. */
      readonly packagesTotal: number
      readonly elapsedMs: number
    }
  | { readonly phase: 'start'; readonly elapsedMs: number }

export type ProgressListener = (progress: TemporalProgress) => void
