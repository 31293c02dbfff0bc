/** Two nodes; the second asks a model. LangChain's own fake stands in for a provider's, and gives its answers in turn. */
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'

const model = new FakeListChatModel({ responses: ['A graph has nodes and edges.'], sleep: 5 })

export const graph = new StateGraph(MessagesAnnotation)
  .addNode('look up', async () => ({ messages: [] }))
  .addNode('answer', async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
  .addEdge(START, 'look up')
  .addEdge('look up', 'answer')
  .compile()
