import { once } from 'node:events'
import { connect } from 'node:http2'
import { serveHttp } from '@millrace/http/serve-http'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from '@millrace/telemetry/log'
import { openOtlpGrpc } from './otlp-grpc.ts'

describe('the end of OTLP over gRPC', () => {
  it('is told to clients at once, so that they connect elsewhere, and calls under way end', async () => {
    const asked = Promise.withResolvers<() => void>()
    await using http = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, (request, response) => {
      request.resume()
      asked.resolve(() => response.end())
    })
    const grpc = await openOtlpGrpc({ host: '127.0.0.1', port: 0, httpUrl: `http://127.0.0.1:${http.port}`, clock: systemClock, log: createLog('silent') })
    const client = connect(`http://127.0.0.1:${grpc.port}`)
    const call = client.request({ ':method': 'POST', ':path': '/opentelemetry.proto.collector.logs.v1.LogsService/Export', 'content-type': 'application/grpc', 'dd-api-key': 'key' })
    call.end(Buffer.alloc(5)) // an empty message
    const trailers = once(call.resume(), 'trailers') as Promise<[Record<string, string>]>
    const answer = await asked.promise
    const farewell = once(client, 'goaway')
    const closed = grpc[Symbol.asyncDispose]()
    await farewell
    answer()
    expect((await trailers)[0]['grpc-status']).toBe('0')
    await closed
  })
})
