/** `buf curl`, unchanged, over its three protocols against our server on a real Temporal; the schema comes by reflection. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, type DescFile, fromBinary, type JsonObject, toBinary, toJson } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { BadRequestSchema, ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js'
import { A2AService, type StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { openGate, seen } from '../support/agents.js'
import { eventually, outline, send, stateOf, statusText, streamedText, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { endTools, ROOT, runTool, startTool, type Tool, versionOf } from './run-tool.js'

const BUF = join(ROOT, 'node_modules/.bin/buf')
const HAS_BUF = versionOf(BUF) !== undefined
const SUITE = HAS_BUF ? 'buf curl' : 'buf curl (skipped, buf does not run here: npm install --include=optional)'

const SERVICE = 'lf.a2a.v1.A2AService'
const AT_ONCE = { configuration: { returnImmediately: true } }

/** Exit codes are codes of gRPC, shifted three bits to the left. */
const EXIT = { invalidArgument: 3 << 3, notFound: 5 << 3, failedPrecondition: 9 << 3 }

interface Printed {
  readonly code: number | NodeJS.Signals
  readonly answers: (JsonObject & StreamResponseJson)[]
  /** What it prints of an error; its details are decoded. */
  readonly error: { code: string; message: string; details: JsonObject[] } | undefined
}

describe.skipIf(!HAS_BUF)(SUITE, () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startTestServer({ temporalAddress: inject('temporalAddress') })
  })

  afterAll(async () => {
    await endTools()
    await server.stop()
  })

  describe('finds the schema by reflection', () => {
    it.each([
      ['at the root', '', []],
      ['below the path of an agent', '/agents/answering', []],
      ['with the older version of the protocol', '', ['--reflect-protocol', 'grpc-v1alpha']],
    ])('%s', async (_, path, flags) => {
      const { code, stdout, stderr } = await runTool(BUF, ['curl', ...flags, '--list-services', `${server.url}${path}`])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout.trim().split('\n')).toEqual([
        'a2a.v1.A2AService',
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
        'lf.a2a.v1.A2AService',
      ])
    })

    it('with all methods of A2A', async () => {
      const { stdout } = await runTool(BUF, ['curl', '--list-methods', server.url])
      expect(stdout.split('\n').filter((line) => line.startsWith('lf.'))).toEqual([
        'lf.a2a.v1.A2AService/CancelTask',
        'lf.a2a.v1.A2AService/CreateTaskPushNotificationConfig',
        'lf.a2a.v1.A2AService/DeleteTaskPushNotificationConfig',
        'lf.a2a.v1.A2AService/GetExtendedAgentCard',
        'lf.a2a.v1.A2AService/GetTask',
        'lf.a2a.v1.A2AService/GetTaskPushNotificationConfig',
        'lf.a2a.v1.A2AService/ListTaskPushNotificationConfigs',
        'lf.a2a.v1.A2AService/ListTasks',
        'lf.a2a.v1.A2AService/SendMessage',
        'lf.a2a.v1.A2AService/SendStreamingMessage',
        'lf.a2a.v1.A2AService/SubscribeToTask',
      ])
    })
  })

  describe.each(['grpc', 'grpcweb', 'connect'])('--protocol %s', (protocol) => {
    let gates = 0

    const gateName = () => {
      gates += 1
      return `buf-curl-${protocol}-${gates}`
    }

    const argsOf = (path: string, request: JsonObject, version = '1.0') => [
      ...['curl', '--protocol', protocol, '--http2-prior-knowledge', '-H', `A2A-Version: ${version}`],
      ...['-d', JSON.stringify(request), `${server.url}/${path}`],
    ]

    const call = (method: string, request: JsonObject, version?: string) =>
      print(argsOf(`${SERVICE}/${method}`, request, version))

    const start = (method: string, request: JsonObject) => startTool(BUF, argsOf(`${SERVICE}/${method}`, request))

    async function answer(method: string, request: JsonObject): Promise<JsonObject> {
      const { code, answers, error } = await call(method, request)
      expect({ code, error, count: answers.length }).toEqual({ code: 0, error: undefined, count: 1 })
      return answers[0] as JsonObject
    }

    /** A task that has said "waiting", and waits at the gate. */
    async function startWaiting(gate: string): Promise<string> {
      const { id } = taskOf(await answer('SendMessage', send(`wait ${gate}`, AT_ONCE)))
      await eventually(async () => expect(textOf(await answer('GetTask', { id }))).toBe('waiting'))
      return id
    }

    it('sends a message, and gets the task that it made', async () => {
      const request = send('echo hi')
      const task = taskOf(await answer('SendMessage', request))
      expect([stateOf(task), textOf(task)]).toEqual(['TASK_STATE_COMPLETED', 'Echo: hi'])
      expect(task.history).toEqual([{ ...(request.message as object), taskId: task.id, contextId: task.contextId }])
      expect(await answer('GetTask', { id: task.id })).toEqual(task)
      const { tasks } = await answer('ListTasks', { contextId: task.contextId, includeArtifacts: true })
      expect(tasks).toEqual([task])
    })

    it('prints one document for each event of a stream', async () => {
      const { code, answers, error } = await call('SendStreamingMessage', send('chunks one two three'))
      expect({ code, error }).toEqual({ code: 0, error: undefined })
      expect(outline(answers)).toEqual([
        'task SUBMITTED',
        'status WORKING',
        'artifact',
        'artifact',
        'artifact',
        'artifact',
        'status COMPLETED',
      ])
      expect(streamedText(answers)).toBe('onetwothree')
    })

    it('cancels a running task, which ends the stream of its sender', async () => {
      const gate = gateName()
      const stream = start('SendStreamingMessage', send(`wait ${gate}`))
      const before = await documentsOf(stream, 3)
      expect(outline(before)).toEqual(['task SUBMITTED', 'status WORKING', 'artifact'])
      const task = await answer('CancelTask', { id: before[0]?.task?.id ?? '' })
      expect([stateOf(task), textOf(task)]).toEqual(['TASK_STATE_CANCELED', 'waiting'])
      expect(seen.aborted.get(gate)).toBe('canceled')
      const { code, stdout } = await stream.ended
      expect(code).toBe(0)
      expect(outline(documents(stdout)).at(-1)).toBe('status CANCELED')
    })

    it('subscribes to a running task, and prints what comes as it comes', async () => {
      const gate = gateName()
      const id = await startWaiting(gate)
      const stream = start('SubscribeToTask', { id })
      const [first] = await documentsOf(stream, 1)
      expect(first?.task).toMatchObject({ id, status: { state: 'TASK_STATE_WORKING' } })
      openGate(gate)
      const { code, stdout } = await stream.ended
      expect(code).toBe(0)
      expect(outline(documents(stdout)).at(-1)).toBe('status COMPLETED')
      expect(streamedText(documents(stdout))).toBe('waiting no more')
    })

    it('is killed in the middle of a stream, and the task goes on', async () => {
      const gate = gateName()
      const stream = start('SendStreamingMessage', send(`wait ${gate}`))
      const [first] = await documentsOf(stream, 3)
      stream.kill()
      expect((await stream.ended).code).toBe('SIGKILL')
      openGate(gate)
      const id = first?.task?.id ?? ''
      await eventually(async () => expect(stateOf(await answer('GetTask', { id }))).toBe('TASK_STATE_COMPLETED'))
    })

    it('answers what the agent asks', async () => {
      const asked = taskOf(await answer('SendMessage', send('ask which?')))
      expect([stateOf(asked), statusText(asked)]).toEqual(['TASK_STATE_INPUT_REQUIRED', 'which?'])
      const answered = taskOf(await answer('SendMessage', send('this', {}, { taskId: asked.id })))
      expect([answered.id, stateOf(answered)]).toEqual([asked.id, 'TASK_STATE_COMPLETED'])
      expect(textOf(answered)).toBe('turn 2 after UA: this')
    })

    it('reaches an agent by its path', async () => {
      const { answers } = await print(argsOf(`agents/answering/${SERVICE}/SendMessage`, send('hi')))
      expect(answers).toMatchObject([{ message: { role: 'ROLE_AGENT', parts: [{ text: 'Answer: hi' }] } }])
    })

    it.each(['GetTask', 'CancelTask', 'SubscribeToTask'])(
      'exits with the code of an unknown task: %s',
      async (method) => {
        expect(await call(method, { id: 'none' })).toEqual({
          code: EXIT.notFound,
          answers: [],
          error: {
            code: 'not_found',
            message: 'Task not found',
            details: [{ reason: 'TASK_NOT_FOUND', domain: 'a2a-protocol.org', metadata: { taskId: 'none' } }],
          },
        })
      },
    )

    it('exits with the code of a request that is not valid, and prints which field is wrong', async () => {
      const { code, error } = await call('SendStreamingMessage', send('x', {}, { parts: [] }))
      expect({ code, error }).toEqual({
        code: EXIT.invalidArgument,
        error: {
          code: 'invalid_argument',
          message: 'Invalid parameters: message.parts: is required',
          details: [
            { reason: 'INVALID_PARAMS', domain: 'a2a-protocol.org' },
            { fieldViolations: [{ field: 'message.parts', description: 'is required' }] },
          ],
        },
      })
    })

    it('exits with the code of a version that is not served', async () => {
      const { code, error } = await call('GetTask', { id: 'none' }, '9.9')
      expect({ code, error: error?.code }).toEqual({ code: EXIT.failedPrecondition, error: 'failed_precondition' })
      expect(error?.details).toEqual([
        { reason: 'VERSION_NOT_SUPPORTED', domain: 'a2a-protocol.org', metadata: { supportedVersions: '1.0' } },
      ])
    })

    it('finds the server healthy, and a service that does not exist unknown', async () => {
      for (const service of ['', SERVICE]) {
        const healthy = await print(argsOf('grpc.health.v1.Health/Check', { service }))
        expect(healthy).toEqual({ code: 0, answers: [{ status: 'SERVING' }], error: undefined })
      }
      expect((await print(argsOf('grpc.health.v1.Health/Check', { service: 'nobody' }))).code).toBe(EXIT.notFound)
    })
  })

  describe('over HTTP/1.1, where there is no reflection', () => {
    let schema: string

    beforeAll(async () => {
      schema = join(await mkdtemp(join(tmpdir(), 'temporal-a2a-schema-')), 'a2a.binpb')
      await writeFile(schema, descriptors(A2AService.file))
    })

    afterAll(() => rm(join(schema, '..'), { recursive: true, force: true }))

    it.each(['grpcweb', 'connect'])('streams with --protocol %s', async (protocol) => {
      const gate = `buf-curl-h1-${protocol}`
      const stream = startTool(BUF, [
        ...['curl', '--schema', schema, '--protocol', protocol, '-v', '-d', JSON.stringify(send(`wait ${gate}`))],
        `${server.url}/${SERVICE}/SendStreamingMessage`,
      ])
      const before = await documentsOf(stream, 3)
      expect(outline(before)).toEqual(['task SUBMITTED', 'status WORKING', 'artifact'])
      openGate(gate)
      const { code, stdout, stderr } = await stream.ended
      expect(code).toBe(0)
      expect(stderr).toContain('HTTP/1.1 200 OK')
      expect(outline(documents(stdout)).at(-1)).toBe('status COMPLETED')
      expect(streamedText(documents(stdout))).toBe('waiting no more')
    })
  })
})

async function print(args: readonly string[]): Promise<Printed> {
  const { code, stdout, stderr } = await runTool(BUF, args)
  return { code, answers: documents(stdout), error: stderr.trim() === '' ? undefined : printedError(stderr) }
}

function printedError(stderr: string): NonNullable<Printed['error']> {
  if (!stderr.trimStart().startsWith('{')) throw new Error(stderr)
  const { code, message, details } = JSON.parse(stderr) as {
    code: string
    message: string
    details?: { type: string; value: string }[]
  }
  return {
    code,
    message,
    details: (details ?? []).map(({ type, value }) => decoded(type, Buffer.from(value, 'base64'))),
  }
}

function decoded(type: string, value: Uint8Array): JsonObject {
  const schema = [ErrorInfoSchema, BadRequestSchema].find(({ typeName }) => typeName === type)
  if (schema === undefined) throw new Error(`a detail of type ${type}`)
  return toJson(schema, fromBinary(schema, value)) as JsonObject
}

/** The JSON documents so far: each begins and ends with a brace at the beginning of a line. */
function documents(stdout: string): (JsonObject & StreamResponseJson)[] {
  return (stdout.match(/^\{(?:\}|\n[\s\S]*?^\})$/gm) ?? []).map((text) => JSON.parse(text))
}

function documentsOf(tool: Tool, count: number) {
  return tool.until((stdout) => (documents(stdout).length < count ? undefined : documents(stdout)))
}

/** A file and all that it imports, as `--schema` takes them. */
function descriptors(file: DescFile): Uint8Array {
  const files = new Set<DescFile>()
  const add = (next: DescFile) => {
    next.dependencies.forEach(add)
    files.add(next)
  }
  add(file)
  return toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, { file: [...files].map(({ proto }) => proto) }),
  )
}
