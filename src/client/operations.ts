/** Requests and answers of the operations of A2A that are no streams, as ProtoJSON (A2A section 3.1). */
import type {
  AgentCardJson,
  CancelTaskRequestJson,
  DeleteTaskPushNotificationConfigRequestJson,
  GetExtendedAgentCardRequestJson,
  GetTaskPushNotificationConfigRequestJson,
  GetTaskRequestJson,
  ListTaskPushNotificationConfigsRequestJson,
  ListTaskPushNotificationConfigsResponseJson,
  ListTasksRequestJson,
  ListTasksResponseJson,
  SendMessageRequestJson,
  SendMessageResponseJson,
  SubscribeToTaskRequestJson,
  TaskJson,
  TaskPushNotificationConfigJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { StreamOperation, UnaryOperation } from './transport.js'

export interface UnaryTypes extends Record<UnaryOperation, { request: object; answer: object }> {
  sendMessage: { request: SendMessageRequestJson; answer: SendMessageResponseJson }
  getTask: { request: GetTaskRequestJson; answer: TaskJson }
  listTasks: { request: ListTasksRequestJson; answer: ListTasksResponseJson }
  cancelTask: { request: CancelTaskRequestJson; answer: TaskJson }
  createTaskPushNotificationConfig: { request: TaskPushNotificationConfigJson; answer: TaskPushNotificationConfigJson }
  getTaskPushNotificationConfig: {
    request: GetTaskPushNotificationConfigRequestJson
    answer: TaskPushNotificationConfigJson
  }
  listTaskPushNotificationConfigs: {
    request: ListTaskPushNotificationConfigsRequestJson
    answer: ListTaskPushNotificationConfigsResponseJson
  }
  deleteTaskPushNotificationConfig: { request: DeleteTaskPushNotificationConfigRequestJson; answer: object }
  getExtendedAgentCard: { request: GetExtendedAgentCardRequestJson; answer: AgentCardJson }
}

export interface StreamTypes extends Record<StreamOperation, object> {
  sendStreamingMessage: SendMessageRequestJson
  subscribeToTask: SubscribeToTaskRequestJson
}

/** May be made again after a lost connection, with any server: the second time changes nothing more. */
export function isIdempotent(operation: UnaryOperation): boolean {
  return operation !== 'sendMessage' && operation !== 'createTaskPushNotificationConfig'
}
