import fc from 'fast-check'
import { ByteWriter } from './bytes.ts'
import { FragmentCorruptError } from './fragment.ts'
import { sharedStream, STREAM_CODECS, StreamWriter, unpackStream, type StreamReference } from './streams.ts'

function packed(...streams: readonly Uint8Array[]): { readonly stream: StreamReference; readonly encoded: Uint8Array; readonly unpacked: readonly Uint8Array[] } {
  const body = new ByteWriter()
  const writer = new StreamWriter(body, 'fresh')
  const references = streams.map((raw) => writer.write(raw))
  const blocks = writer.finish()
  const bytes = body.finish().slice()
  const bytesOf = ({ start, encodedBytes }: StreamReference): Uint8Array => bytes.subarray(start, start + encodedBytes)
  const unpacked = references.map((stream) => (stream.codec === STREAM_CODECS.shared ? sharedStream(unpackStream(bytesOf(blocks[stream.crc]!), blocks[stream.crc]!), stream) : unpackStream(bytesOf(stream), stream)))
  return { stream: references[0]!, encoded: bytesOf(references[0]!), unpacked }
}

describe('a stream', () => {
  it('is given back whatever is in it and beside it', () => {
    const mostlyZero = fc.array(fc.tuple(fc.nat(1999), fc.nat(255)), { maxLength: 40 }).map((places) => {
      const raw = new Uint8Array(2000)
      for (const [position, byte] of places) raw[position] = byte
      return raw
    })
    const large = fc.uint8Array({ minLength: 1, maxLength: 9 }).map((pattern) => Uint8Array.from({ length: 300_000 }, (_, i) => pattern[i % pattern.length]! ^ (i >> 12)))
    fc.assert(fc.property(fc.array(fc.oneof({ weight: 5, arbitrary: mostlyZero }, { weight: 5, arbitrary: fc.uint8Array({ maxLength: 400 }) }, { weight: 1, arbitrary: large }), { minLength: 1, maxLength: 30 }), (streams) => {
      expect(packed(...streams).unpacked).toEqual(streams)
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
