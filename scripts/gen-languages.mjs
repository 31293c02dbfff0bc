/**
 * The schema in other languages, for the clients in `examples/clients/`: what each needs besides buf, and how it is
 * generated. The generators are packages of the language, pinned where that language pins its packages.
 */
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** A2A 1.0; what it imports has packages of its own in every language. */
const SCHEMA = 'proto/lf/a2a/v1'

const CLIENTS = join('examples', 'clients')

/**
 * @typedef {object} Tools
 * @property {(command: string, ...args: string[]) => void} buf
 * @property {(remedy: string, file: string, ...args: string[]) => void} run another program; `remedy` is what to do when it fails
 * @property {string} folder for what is of use to nobody afterwards
 */

/** @type {Record<string, (tools: Tools) => void>} */
export const LANGUAGES = {
  go: ({ buf, run }) => {
    run('install Go: https://go.dev/dl', 'go', '-C', join(CLIENTS, 'go'), 'mod', 'download')
    generate(buf, 'go')
  },

  java: ({ buf, run }) => {
    run('install a JDK and Maven', 'mvn', '-B', '-q', '-f', join(CLIENTS, 'java'), 'dependency:copy')
    // Maven does not know that these are programs.
    const generators = join(CLIENTS, 'java', 'target', 'generators')
    for (const name of readdirSync(generators)) chmodSync(join(generators, name), 0o755)
    generate(buf, 'java')
  },

  // Its gRPC generator exists only inside of its protoc, which is no plugin for buf; it reads what buf has compiled.
  python: ({ buf, run, folder }) => {
    const image = join(folder, 'a2a.binpb')
    buf('build', '--path', SCHEMA, '--output', image)
    const out = join(CLIENTS, 'python')
    run(
      `python3 -m pip install -r ${join(out, 'requirements.txt')}`,
      'python3',
      ...['-m', 'grpc_tools.protoc', `--descriptor_set_in=${image}`],
      ...[`--python_out=${out}`, `--pyi_out=${out}`, `--grpc_python_out=${out}`, 'lf/a2a/v1/a2a.proto'],
    )
  },
}

function generate(buf, language) {
  buf('generate', '--template', join(CLIENTS, language, 'buf.gen.yaml'), '--path', SCHEMA)
}
