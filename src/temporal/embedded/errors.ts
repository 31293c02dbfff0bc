/** The ways in which no Temporal server can be had. All are for the person at the terminal, so they say what to do. */

/** A source that gave no executable, and what it said. */
export interface TriedSource {
  readonly source: string
  readonly reason: string
}

/** No Temporal server is configured, and none can be found, downloaded or built; the message says what helps. */
export class TemporalNotFoundError extends Error {
  override readonly name = 'TemporalNotFoundError'
  readonly tried: readonly TriedSource[]

  constructor(tried: readonly TriedSource[]) {
    super(
      [
        'no Temporal server could be found or made',
        ...tried.map(({ source, reason }) => `  ${source}: ${reason}`),
        'One of these helps:',
        '  - set TEMPORAL_ADDRESS when a Temporal server is running somewhere',
        '  - install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH, or name it by TEMPORAL_CLI_PATH',
        '  - allow https://temporal.download, or install Go (https://go.dev/dl) and allow https://proxy.golang.org',
        '  - try without Temporal: --engine memory (not durable: tasks are lost when the process ends)',
      ].join('\n'),
    )
    this.tried = tried
  }
}

/** The database file was written by another server version. The dev server cannot upgrade a SQLite file. */
export class TemporalVersionError extends Error {
  override readonly name = 'TemporalVersionError'
  readonly databaseFile: string
  readonly writtenBy: string
  readonly executable: string

  constructor(
    databaseFile: string,
    writtenBy: { readonly server: string; readonly cli: string | undefined },
    executable: { readonly path: string; readonly server: string },
  ) {
    super(
      [
        `${databaseFile} was written by Temporal server ${writtenBy.server}, but ${executable.path} is server ${executable.server}, and the SQLite file of a dev server cannot be upgraded`,
        'One of these helps:',
        `  - set TEMPORAL_CLI_PATH to a Temporal CLI with server ${writtenBy.server}${writtenBy.cli === undefined ? '' : ` (the file was written by CLI ${writtenBy.cli})`}`,
        `  - delete ${databaseFile}, ${databaseFile}-wal and ${databaseFile}-shm: the workflows in them are lost`,
        '  - use another database file',
      ].join('\n'),
    )
    this.databaseFile = databaseFile
    this.writtenBy = writtenBy.server
    this.executable = executable.path
  }
}

/** The server was started and did not come up, or the one on the database file cannot be used. */
export class TemporalStartError extends Error {
  override readonly name = 'TemporalStartError'
}
