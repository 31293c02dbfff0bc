import { randomUUID } from 'node:crypto'
import { agent, data } from 'temporal-a2a'

interface Offer {
  readonly id: string
  readonly city: string
  readonly price: number
}

/** Stands in for a service that is slow, costs money, and never gives the same offer twice. */
async function search(city: string): Promise<Offer> {
  return { id: randomUUID(), city, price: 1200 }
}

export default agent(
  { id: 'booking', name: 'Booking', description: 'Books a trip, and asks before it pays.' },
  async (_, ctx) => {
    const city = await ctx.ask('Which city?', { timeout: '30 days', reminder: '3 days' })
    const offer = await ctx.step('search', () => search(city.text))
    if (offer.price > 1000) await ctx.approve(`Pay ${offer.price} for offer ${offer.id}?`, { timeout: '7 days' })
    const receipt = await ctx.step('pay', ({ idempotencyKey }) => ({ paid: offer.price, reference: idempotencyKey }))
    return data({ offer: { ...offer }, receipt })
  },
)
