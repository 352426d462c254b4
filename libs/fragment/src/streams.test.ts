import fc from 'fast-check'
import { ByteWriter } from './bytes.ts'
import { FragmentCorruptError } from './fragment.ts'
import { STREAM_CODECS, unpackStream, writeStream, type StreamReference } from './streams.ts'

function packed(raw: Uint8Array): { readonly stream: StreamReference; readonly encoded: Uint8Array } {
  const body = new ByteWriter()
  const stream = writeStream(body, raw, 'fresh')
  return { stream, encoded: body.finish().slice() }
}

describe('a stream', () => {
  it('is given back whatever is in it', () => {
    const mostlyZero = fc.array(fc.tuple(fc.nat(1999), fc.nat(255)), { maxLength: 40 }).map((places) => {
      const raw = new Uint8Array(2000)
      for (const [position, byte] of places) raw[position] = byte
      return raw
    })
    fc.assert(fc.property(fc.oneof(mostlyZero, fc.uint8Array({ maxLength: 400 })), (raw) => {
      const { stream, encoded } = packed(raw)
      expect(unpackStream(encoded, stream)).toEqual(raw)
    }))
  })

  it('of almost nothing but zeros takes a few bytes and no call of zstd', () => {
    const raw = new Uint8Array(65_536)
    raw[40_000] = 7
    const { stream, encoded } = packed(raw)
    expect(stream.codec).toBe(STREAM_CODECS.sparse)
    expect(encoded.length).toBe(5)
  })

  it('whose places lie beyond its end is refused', () => {
    const raw = new Uint8Array(200)
    raw[150] = 1
    const { stream, encoded } = packed(raw)
    expect(() => unpackStream(encoded, { ...stream, rawBytes: 150 })).toThrow(FragmentCorruptError)
  })
})
