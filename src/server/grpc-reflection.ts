/** gRPC server reflection, v1 and v1alpha, out of the descriptors: lets `buf curl`, grpcurl and others find the schema. */
import { type DescExtension, type DescFile, type DescMessage, type DescService, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { Code, type ConnectRouter } from '@connectrpc/connect'
import { ServerReflection as ReflectionV1 } from '../../gen/grpc/reflection/v1/reflection_pb.js'
import { ServerReflection as ReflectionV1Alpha } from '../../gen/grpc/reflection/v1alpha/reflection_pb.js'

/** What both versions ask, by the names they share. */
interface Query {
  readonly host: string
  readonly messageRequest:
    | { case: 'fileByFilename' | 'fileContainingSymbol' | 'allExtensionNumbersOfType' | 'listServices'; value: string }
    | { case: 'fileContainingExtension'; value: { containingType: string; extensionNumber: number } }
    | { case: undefined; value?: undefined }
}

export function reflectionRoutes(router: ConnectRouter, services: readonly DescService[]): void {
  const all = [...services, ReflectionV1, ReflectionV1Alpha]
  const index = new SchemaIndex(all)
  async function* serverReflectionInfo<Request extends Query>(requests: AsyncIterable<Request>) {
    for await (const request of requests) {
      const messageResponse = answer(index, all, request.messageRequest)
      yield { validHost: request.host, originalRequest: request, messageResponse }
    }
  }
  router.service(ReflectionV1, { serverReflectionInfo })
  router.service(ReflectionV1Alpha, { serverReflectionInfo })
}

function answer(index: SchemaIndex, services: readonly DescService[], query: Query['messageRequest']) {
  switch (query.case) {
    case 'listServices': {
      const service = services.map(({ typeName }) => ({ name: typeName }))
      return { case: 'listServicesResponse' as const, value: { service } }
    }
    case 'fileByFilename':
      return files(index, index.fileNamed(query.value), query.value)
    case 'fileContainingSymbol':
      return files(index, index.fileOf(query.value), query.value)
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = query.value
      return files(index, index.extensionsOf(containingType).get(extensionNumber)?.file, containingType)
    }
    case 'allExtensionNumbersOfType': {
      const extensionNumber = [...index.extensionsOf(query.value).keys()]
      return { case: 'allExtensionNumbersResponse' as const, value: { baseTypeName: query.value, extensionNumber } }
    }
    default:
      return notFound('request')
  }
}

function files(index: SchemaIndex, file: DescFile | undefined, asked: string) {
  if (file === undefined) return notFound(asked)
  return { case: 'fileDescriptorResponse' as const, value: { fileDescriptorProto: index.withImports(file) } }
}

function notFound(what: string) {
  return { case: 'errorResponse' as const, value: { errorCode: Code.NotFound, errorMessage: `not found: ${what}` } }
}

class SchemaIndex {
  private readonly byName = new Map<string, DescFile>()
  private readonly bySymbol = new Map<string, DescFile>()
  private readonly extensions = new Map<string, Map<number, DescExtension>>()
  private readonly encoded = new Map<DescFile, Uint8Array>()

  constructor(services: readonly DescService[]) {
    for (const { file } of services) this.addFile(file)
  }

  fileNamed(name: string): DescFile | undefined {
    return this.byName.get(name)
  }

  fileOf(symbol: string): DescFile | undefined {
    return this.bySymbol.get(symbol)
  }

  extensionsOf(typeName: string): ReadonlyMap<number, DescExtension> {
    return this.extensions.get(typeName) ?? new Map()
  }

  /** The file and everything it imports, encoded. */
  withImports(file: DescFile): Uint8Array[] {
    const all = new Set<DescFile>()
    const collect = (next: DescFile) => {
      if (all.has(next)) return
      all.add(next)
      next.dependencies.forEach(collect)
    }
    collect(file)
    return [...all].map((each) => this.encode(each))
  }

  private encode(file: DescFile): Uint8Array {
    const known = this.encoded.get(file) ?? toBinary(FileDescriptorProtoSchema, file.proto)
    this.encoded.set(file, known)
    return known
  }

  private addFile(file: DescFile): void {
    if (this.byName.has(file.proto.name)) return
    this.byName.set(file.proto.name, file)
    for (const message of file.messages) this.addMessage(message)
    for (const { typeName } of file.enums) this.bySymbol.set(typeName, file)
    for (const extension of file.extensions) this.addExtension(extension)
    for (const service of file.services) {
      this.bySymbol.set(service.typeName, file)
      for (const { name } of service.methods) this.bySymbol.set(`${service.typeName}.${name}`, file)
    }
    for (const dependency of file.dependencies) this.addFile(dependency)
  }

  private addMessage(message: DescMessage): void {
    this.bySymbol.set(message.typeName, message.file)
    for (const { name } of message.fields) this.bySymbol.set(`${message.typeName}.${name}`, message.file)
    for (const { typeName } of message.nestedEnums) this.bySymbol.set(typeName, message.file)
    for (const extension of message.nestedExtensions) this.addExtension(extension)
    for (const nested of message.nestedMessages) this.addMessage(nested)
  }

  private addExtension(extension: DescExtension): void {
    this.bySymbol.set(extension.typeName, extension.file)
    const ofType = this.extensions.get(extension.extendee.typeName) ?? new Map<number, DescExtension>()
    this.extensions.set(extension.extendee.typeName, ofType.set(extension.number, extension))
  }
}
