import { agent } from 'temporal-a2a'

export default agent(
  { id: 'echo', name: 'Echo', description: 'Says what you say.' },
  (message) => `Echo: ${message.text}`,
)
