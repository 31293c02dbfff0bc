/**
 * Turns the schema in `proto/` into the code in `gen/`, or checks that the two agree.
 *
 *   node scripts/gen.mjs                  lint, check the format, generate
 *   node scripts/gen.mjs LANGUAGE...      generate only what the clients in `examples/clients/` need: go, java, python
 *   node scripts/gen.mjs --check          the same into a temporary folder, compared with `gen/`
 *   node scripts/gen.mjs --breaking REF   compare the schema with the one at a git ref; goes with --check
 *
 * Works without network, other languages excepted: the imports of the schema are copied from npm packages into `third_party/`, which is not in
 * git. Started by `npm run gen` and by `scripts/check.mjs`.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LANGUAGES } from './gen-languages.mjs'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const BIN = join(ROOT, 'node_modules', '.bin')

/** The imports of the schema: file below `third_party/`, and the file below `node_modules/` it is copied from. */
const IMPORTS = new Map([
  ...[
    'google/api/annotations.proto',
    'google/api/client.proto',
    'google/api/field_behavior.proto',
    'google/api/http.proto',
    'google/rpc/code.proto',
    'google/rpc/error_details.proto',
    'google/rpc/status.proto',
  ].map((file) => [`googleapis/${file}`, `google-proto-files/${file}`]),
  ['grpc/grpc/health/v1/health.proto', 'grpc-health-check/proto/health/v1/health.proto'],
  ...['grpc/reflection/v1/reflection.proto', 'grpc/reflection/v1alpha/reflection.proto'].map((file) => [
    `grpc/${file}`,
    `@grpc/reflection/build/proto/${file}`,
  ]),
])

main()

function main() {
  try {
    const options = { check: { type: 'boolean' }, breaking: { type: 'string' } }
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    fillThirdParty(ROOT)
    if (positionals.length > 0) return generateFor(positionals)
    buf('lint')
    buf('format', 'proto', '--diff', '--exit-code')
    if (values.check) checkGenerated()
    if (values.breaking !== undefined) checkBreaking(values.breaking)
    if (!values.check && values.breaking === undefined) buf('generate')
  } catch (error) {
    process.stderr.write(`gen: ${error.message}\n`)
    process.exitCode = 1
  }
}

/** Makes `third_party/` below `folder` hold the imports and nothing else. Writes only what differs. */
function fillThirdParty(folder) {
  const target = join(folder, 'third_party')
  for (const [file, source] of IMPORTS) {
    const from = join(ROOT, 'node_modules', source)
    if (!existsSync(from)) throw new Error(`node_modules/${source} is missing; run: npm ci`)
    const to = join(target, file)
    const text = neededOf(file, readFileSync(from, 'utf8'))
    if (existsSync(to) && readFileSync(to, 'utf8') === text) continue
    mkdirSync(dirname(to), { recursive: true })
    writeFileSync(to, text)
  }
  for (const file of filesBelow(target)) {
    if (!IMPORTS.has(file)) rmSync(join(target, file))
  }
}

/**
 * The option that the schema uses. The rest of client.proto is settings of Google's own generators, as long as half of A2A,
 * and every browser would load it.
 *
 * @throws Error when the file is not built as it was
 */
function neededOf(file, text) {
  if (file !== 'googleapis/google/api/client.proto') return text
  const end = text.indexOf('extend google.protobuf.ServiceOptions {')
  if (end === -1 || !text.slice(0, end).includes('method_signature = 1051')) throw new Error(`${file} is another now`)
  return text.slice(0, end).replace(/^import "google\/(?:api\/launch_stage|protobuf\/duration)\.proto";\n/gm, '')
}

/** @throws Error for a language that there is not, or what its programs lack */
function generateFor(languages) {
  const unknown = languages.filter((language) => !Object.hasOwn(LANGUAGES, language))
  if (unknown.length > 0) throw new Error(`no ${unknown.join()}; there are ${Object.keys(LANGUAGES).join(', ')}`)
  withTemporaryFolder((folder) => {
    for (const language of languages) LANGUAGES[language]({ buf, run, folder })
  })
}

/** @throws Error with the files of `gen/` that differ from what the schema gives */
function checkGenerated() {
  withTemporaryFolder((folder) => {
    buf('generate', '--output', folder)
    const fresh = join(folder, 'gen')
    const committed = join(ROOT, 'gen')
    const names = new Set([...filesBelow(fresh), ...filesBelow(committed)])
    const differences = [...names].sort().flatMap((name) => {
      const [wanted, found] = [join(fresh, name), join(committed, name)]
      if (!existsSync(found)) return [`  missing  gen/${name}`]
      if (!existsSync(wanted)) return [`  extra    gen/${name}`]
      return readFileSync(wanted).equals(readFileSync(found)) ? [] : [`  stale    gen/${name}`]
    })
    if (differences.length > 0) {
      throw new Error(['gen/ is not what proto/ gives; run: npm run gen', ...differences].join('\n'))
    }
    process.stdout.write(`gen: ${names.size} files are up to date\n`)
  })
}

/**
 * Compares `proto/` with the one at a git ref, which may lack it: a new repository has nothing to break.
 *
 * @throws Error when a user of the schema at `ref` would break
 */
function checkBreaking(ref) {
  const commit = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`)?.trim()
  if (commit === undefined) {
    process.stdout.write(`gen: breaking changes not checked: there is no ref ${ref}\n`)
    return
  }
  const names = git('ls-tree', '-r', '-z', '--name-only', commit, 'proto/') ?? ''
  const files = names.split('\0').filter((name) => name.endsWith('.proto'))
  if (files.length === 0) {
    process.stdout.write(`gen: breaking changes not checked: ${ref} has no proto/\n`)
    return
  }
  withTemporaryFolder((folder) => {
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      const text = git('show', `${commit}:./${file}`)
      if (text === undefined) throw new Error(`git cannot show ${file} at ${ref}`)
      writeFileSync(join(folder, file), text)
    }
    // buf compares module by module, so the other side needs the same modules; git does not have third_party.
    fillThirdParty(folder)
    cpSync(join(ROOT, 'buf.yaml'), join(folder, 'buf.yaml'))
    buf('breaking', '--against', folder)
    process.stdout.write(`gen: no breaking change since ${ref}\n`)
  })
}

/** @throws Error when buf finds a fault; what it says goes to the terminal */
function buf(command, ...args) {
  // buf starts the plugin as `node`, which has to be the one this repository pins, not the one on the machine.
  const env = { ...process.env, PATH: [BIN, process.env.PATH].join(delimiter) }
  const { status, error } = spawnSync(join(BIN, 'buf'), [command, ...args], { cwd: ROOT, env, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) throw new Error(`buf ${command} failed`)
}

/** @throws Error with the remedy when the program is not there or fails; what it says goes to the terminal */
function run(remedy, file, ...args) {
  // Maven is a script on Windows, which only a shell starts.
  const { status } = spawnSync(file, args, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`${file} ${status === null ? 'cannot be started' : 'failed'}: ${remedy}`)
}

/** What git prints; undefined when it fails, or is not installed. */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}

/** Paths of all files below a folder, relative to it, with forward slashes. A missing folder has none. */
function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
}

function withTemporaryFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'temporal-a2a-gen-'))
  try {
    use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
