import type { RequestListener } from 'node:http'
import { createListener, type ListenerOptions } from '@millrace/access/create-listener'
import { addPage } from './page.ts'

/** The one public listener: the page, and every route. */
export function createGateway(options: Omit<ListenerOptions, 'addPages'>): RequestListener {
  return createListener({ ...options, addPages: addPage })
}
