import { MAX_DOCUMENT_WORDS } from '@millrace/fragment-index/fragment-index'
import { messageWords } from '@millrace/fragment/message-words'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'

/** The words that sealing found in an encoded fragment. Some ten milliseconds, so that apps run it in a worker. @throws {FragmentCorruptError} */
export async function fragmentWords(bytes: Uint8Array): Promise<readonly string[] | undefined> {
  const fragment = openFragmentBytes(bytes)
  const { rows, dayNs } = fragment.header
  return messageWords({ rows, dayNs, timeOffsets: new Float64Array(), columns: await fragment.readNamed('message') }, MAX_DOCUMENT_WORDS)
}
