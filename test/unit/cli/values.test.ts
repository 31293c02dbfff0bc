/** Values of flags and of their variables: what is taken, and what is refused by the name it was given under. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, type Option } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { authFlags } from '../../../src/cli/auth-flags.js'
import { keepTasksFlag, type ListenFlags, listenFlags, listenOptions } from '../../../src/cli/flags.js'
import { createProgram } from '../../../src/cli/program.js'
import { drainFlag } from '../../../src/cli/split-flags.js'

afterEach(() => vi.unstubAllEnvs())

function parse(...args: string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  const flags: Option[] = [...listenFlags(), ...authFlags(), keepTasksFlag(), drainFlag('test')]
  for (const flag of flags) command.addOption(flag)
  return command.parse(args, { from: 'user' }).opts()
}

describe('a variable of several values', () => {
  it.each([
    ['CORS', 'cors', 'https://a.example,https://b.example:8443', ['https://a.example', 'https://b.example:8443']],
    ['JWT_AUDIENCE', 'jwtAudience', 'a, b,', ['a', 'b']],
    ['CARD_KEY', 'cardKey', 'one.json,two.json', ['one.json', 'two.json']],
    ['ALLOWED_HOSTS', 'allowedHosts', 'agents.example, ::1', ['agents.example', '::1']],
  ])('%s has commas between them', (variable, name, text, values) => {
    vi.stubEnv(`TEMPORAL_A2A_${variable}`, text)
    expect(parse()[name]).toEqual(values)
  })

  it('is a list with one value too, and the flag is given several times', () => {
    vi.stubEnv('TEMPORAL_A2A_JWT_AUDIENCE', 'a')
    expect(parse().jwtAudience).toEqual(['a'])
    expect(parse('--jwt-audience', 'b', 'c', '--jwt-audience', 'd').jwtAudience).toEqual(['b', 'c', 'd'])
  })
})

describe('a value that cannot be meant', () => {
  it.each([
    ['--port', ' '],
    ['--port', ''],
    ['--port', '0x10'],
    ['--port', '1e3'],
    ['--port', '65536'],
    ['--keep-tasks-days', '0x10'],
    ['--drain', ' '],
    ['--drain', '0x10'],
    ['--cors', 'https://a.example/'],
    ['--cors', 'https://a.example,a.example'],
    ['--cors', 'https://a.example:443'],
    ['--cors', 'null'],
    ['--public-url', 'agents.example'],
    ['--public-url', 'ftp://agents.example'],
    ['--public-url', 'https://user@agents.example'],
    ['--public-grpc-url', 'agents.example/path'],
    ['--public-grpc-url', 'dns:///x'],
    ['--allowed-hosts', 'agents.example:4242'],
    ['--allowed-hosts', 'https://agents.example'],
  ])('%s %j is refused by that name', (name, value) => {
    expect(() => parse(name, value)).toThrow(name)
  })

  it.each([
    ['CORS', 'https://a.example/'],
    ['PORT', '0x10'],
    ['PUBLIC_URL', 'x'],
  ])('%s %j is refused by the name of the variable', (name, value) => {
    vi.stubEnv(`TEMPORAL_A2A_${name}`, value)
    expect(() => parse()).toThrow(`TEMPORAL_A2A_${name}`)
  })

  it.each([
    ['--cors', '*'],
    ['--cors', 'chrome-extension://abcdefg'],
    ['--public-url', 'http://agents.example/base/'],
    ['--public-grpc-url', 'agents.example:443'],
    ['--public-grpc-url', '[::1]:443'],
    ['--public-grpc-url', 'https://agents.example'],
    ['--allowed-hosts', 'Agents.example'],
    ['--port', '0'],
    ['--drain', '1.5'],
  ])('%s %s is none', (name, value) => {
    expect(() => parse(name, value)).not.toThrow()
  })

  it('is a file of TLS that is no PEM', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-values-'))
    try {
      const file = join(directory, 'x.pem')
      await writeFile(file, 'hunter2')
      const options = (cert: string) => listenOptions(parse('--tls-cert', cert, '--tls-key', file) as ListenFlags)
      await expect(options(file)).rejects.toThrow(/^--tls-cert .* and --tls-key .* are no certificate in PEM/)
      await expect(options(join(directory, 'none.pem'))).rejects.toThrow(/^--tls-cert .*none\.pem cannot be read/)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

describe('the help', () => {
  it.each([
    ['worker', /--task-queue .*\(default: "a2a"/],
    ['gateway', /--task-queue .*\(default: "a2a"/],
    ['worker', /--max-turns .*\(default: 2000/],
    ['serve', /--namespace .*else "default"/],
  ])('of %s has the defaults: %s', (name, text) => {
    const command = createProgram('0.0.0').commands.find((each) => each.name() === name)
    expect(command?.configureHelp({ helpWidth: 1_000 }).helpInformation()).toMatch(text)
  })
})
