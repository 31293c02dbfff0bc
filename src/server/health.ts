/** Liveness and readiness over HTTP. The card stays served while the server is not ready. */
import { type HttpRequest, type HttpResponse, PRIVATE_HEADERS, reply } from '../bindings/http/exchange.js'

export interface HealthPages {
  /** True when the path was one of these pages and has been answered. */
  answer(req: HttpRequest, res: HttpResponse, path: string): boolean
}

/** @param ready asked anew for every answer */
export function createHealthPages(ready: () => boolean): HealthPages {
  return {
    answer(req, res, path) {
      if (req.method !== 'GET' && req.method !== 'HEAD') return false
      if (path !== '/livez' && path !== '/readyz' && path !== '/health') return false
      const ok = path === '/livez' || ready()
      const headers = { ...PRIVATE_HEADERS, 'content-type': 'application/json', ...(ok ? {} : { 'retry-after': '1' }) }
      reply(res, ok ? 200 : 503, headers, JSON.stringify({ status: ok ? 'ok' : 'unavailable' }))
      return true
    },
  }
}
