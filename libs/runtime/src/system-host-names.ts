import { lookup } from 'node:dns/promises'
import type { HostNames } from './host-names.ts'

/** As the machine resolves them: its hosts file, its search domains, its name servers. */
export const systemHostNames: HostNames = {
  async lookUp(hostName) {
    try {
      const found = await lookup(hostName, { all: true })
      return [...new Set(found.map(({ address }) => address))]
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOTFOUND') return []
      throw error
    }
  },
}
